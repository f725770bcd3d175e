import { z } from 'zod'
import { imagekitErrorSchema, problemSchema } from '../contract/problems.ts'
import { escapeForTerminal } from './terminal-text.ts'
import type { TrackerAccess } from './tracker-access.ts'

/** A response of the service with its complete body. */
export type TrackerResponse = {
  status: number
  text: string
  /** The first value of a header. `name` is in lower case. */
  header: (name: string) => string | undefined
}

/** A problem of the tracker, or an error in ImageKit's format, in which a proxy may omit `help`. */
const errorSchema = z.union([
  problemSchema.pick({ detail: true, errors: true }),
  imagekitErrorSchema.partial({ help: true }),
])

/** The error message of a response, and what to do about it. */
export function formatErrorResponse(response: TrackerResponse, access: TrackerAccess): string {
  const [reason, ...details] = explain(response)
  const lines = [`${reason} (${response.status} from ${access.url})`, ...details]
  const hint = hintFor(response, access)
  if (hint !== undefined) lines.push(hint)
  return lines.map(escapeForTerminal).join('\n')
}

/** The reason for the error, followed by its details. */
function explain({ text }: TrackerResponse): string[] {
  const error = parseError(text)
  if (error === undefined) return ['The response has no explanation.']
  if ('message' in error) return error.help ? [error.message, error.help] : [error.message]
  const { detail, errors = [] } = error
  return [detail, ...errors.map(({ field, message }) => `${field}: ${message}`)]
}

function parseError(text: string): z.infer<typeof errorSchema> | undefined {
  try {
    return errorSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
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
  if (status === 503) return `Try again${formatRetryTime(header('retry-after'))}.`
  if (status >= 300 && status < 400)
    return `The server redirects to ${header('location') ?? 'nowhere'}; set TRACKER_URL.`
  return undefined
}

function formatRetryTime(retryAfter: string | undefined): string {
  return retryAfter === undefined ? ' later' : ` in ${retryAfter} s`
}
