import { z } from 'zod'
import { escapeForTerminal } from './terminal-text.ts'
import type { TrackerAccess } from './tracker-access.ts'
import type { TrackerResponse } from './tracker-response.ts'

/** The fields of the tracker's problem documents and of ImageKit's errors. */
const errorSchema = z.object({
  detail: z.string().optional(),
  message: z.string().optional(),
  help: z.string().optional(),
  errors: z
    .array(z.object({ field: z.string(), message: z.string() }))
    .optional()
    .catch(undefined),
})

/** The error message of a response, and what to do about it. */
export function formatErrorResponse(response: TrackerResponse, access: TrackerAccess): string {
  const { detail, message, help, errors = [] } = parseError(response.text)
  const reason = detail ?? message ?? `The response was ${response.status} without an explanation.`
  const fields = errors.map((error) => `${error.field}: ${error.message}`)
  const lines = [`${reason} (${response.status} from ${access.url})`, ...fields]
  if (message !== undefined && help) lines.push(help)
  const hint = hintFor(response, access)
  if (hint !== undefined) lines.push(hint)
  return lines.map(escapeForTerminal).join('\n')
}

function parseError(text: string): z.infer<typeof errorSchema> {
  try {
    return errorSchema.safeParse(JSON.parse(text)).data ?? {}
  } catch {
    return {}
  }
}

function hintFor({ status, header }: TrackerResponse, { key }: TrackerAccess): string | undefined {
  const submissionId = header('x-submission-id')
  if (status === 403 && key?.name === 'TRACKER_API_KEY')
    return 'The key in TRACKER_API_KEY was sent, which is not an admin key: set TRACKER_ADMIN_KEY.'
  if (status === 401 && key === undefined)
    return 'No key was sent: set TRACKER_API_KEY or TRACKER_ADMIN_KEY to one of the keys that the service is configured with.'
  if (status === 401) return `The key in ${key?.name} was sent; the service does not accept it.`
  if (status >= 500 && header('x-should-retry') === 'false')
    return `ImageKit may have the file: before uploading it again, check submission ${submissionId ?? '(unknown)'}.`
  if (status === 503) return `Try again${afterSeconds(header('retry-after'))}.`
  if (status >= 300 && status < 400)
    return `It redirects to ${header('location') ?? 'nowhere'}; set TRACKER_URL.`
  return undefined
}

function afterSeconds(retryAfter: string | undefined): string {
  return retryAfter === undefined ? ' later' : ` in ${retryAfter} s`
}
