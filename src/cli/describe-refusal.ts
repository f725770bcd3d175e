import { z } from 'zod'
import { inertText } from './terminal-text.ts'
import type { TrackerAccess } from './tracker-access.ts'
import type { TrackerAnswer } from './tracker-answer.ts'

/** The tracker's problems and ImageKit's errors, whichever of them it is. */
const refusalSchema = z.object({
  detail: z.string().optional(),
  message: z.string().optional(),
  help: z.string().optional(),
  errors: z
    .array(z.object({ field: z.string(), message: z.string() }))
    .optional()
    .catch(undefined),
})

/** What a refusal says, and what to do about it. */
export function describeRefusal(answer: TrackerAnswer, access: TrackerAccess): string {
  const { detail, message, help, errors = [] } = parseRefusal(answer.text)
  const said = detail ?? message ?? `The answer was ${answer.status} without an explanation.`
  const fields = errors.map((error) => `${error.field}: ${error.message}`)
  const lines = [`${said} (${answer.status} from ${access.url})`, ...fields]
  if (message !== undefined && help) lines.push(help)
  const hint = hintFor(answer, access)
  if (hint !== undefined) lines.push(hint)
  return lines.map(inertText).join('\n')
}

function parseRefusal(text: string): z.infer<typeof refusalSchema> {
  try {
    return refusalSchema.safeParse(JSON.parse(text)).data ?? {}
  } catch {
    return {}
  }
}

function hintFor({ status, header }: TrackerAnswer, { key }: TrackerAccess): string | undefined {
  const submissionId = header('x-submission-id')
  if (status === 403 && key?.name === 'TRACKER_API_KEY')
    return 'The key of TRACKER_API_KEY was sent, which is no admin key: set TRACKER_ADMIN_KEY.'
  if (status === 401 && key === undefined)
    return 'No key was sent: set TRACKER_API_KEY or TRACKER_ADMIN_KEY to one that the service knows.'
  if (status === 401) return `The key of ${key?.name} was sent; the service does not take it.`
  if (status >= 500 && header('x-should-retry') === 'false')
    return `ImageKit may have the file: before uploading it again, look at submission ${submissionId ?? '(unknown)'}.`
  if (status === 503) return `Try again${afterSeconds(header('retry-after'))}.`
  if (status >= 300 && status < 400)
    return `It points to ${header('location') ?? 'nowhere'}; set TRACKER_URL.`
  return undefined
}

function afterSeconds(retryAfter: string | undefined): string {
  return retryAfter === undefined ? ' later' : ` in ${retryAfter} s`
}
