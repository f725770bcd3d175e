import type { TrackerApiError } from '../client/client.ts'
import { escapeForTerminal } from './terminal-text.ts'
import type { TrackerAccess } from './tracker-access.ts'

/** The message of an error response, and what to do about it. */
export function formatApiError(error: TrackerApiError, access: TrackerAccess): string {
  const { status, detail = 'The response has no explanation.', help, errors } = error
  const lines = [
    `${detail} (${status} from ${access.url})`,
    ...errors.map(({ field, message }) => `${field}: ${message}`),
    help,
    hintFor(error, access),
  ]
  return lines.flatMap((line) => (line ? [escapeForTerminal(line)] : [])).join('\n')
}

function hintFor({ status, headers }: TrackerApiError, { key }: TrackerAccess): string | undefined {
  if (status === 403 && key?.name === 'TRACKER_API_KEY')
    return 'The key in TRACKER_API_KEY was sent, which is not an admin key: set TRACKER_ADMIN_KEY.'
  if (status === 401 && key === undefined)
    return 'No key was sent: set TRACKER_API_KEY or TRACKER_ADMIN_KEY to one of the keys that the service is configured with.'
  if (status === 401) return `The key in ${key?.name} was sent; the service does not accept it.`
  if (status >= 500 && headers.get('x-should-retry') === 'false')
    return `ImageKit may have the file: before uploading it again, check submission ${headers.get('x-submission-id') ?? '(unknown)'}.`
  if (status === 503) return `Try again${formatRetryTime(headers.get('retry-after'))}.`
  if (status >= 300 && status < 400)
    return `The server redirects to ${headers.get('location') ?? 'nowhere'}; set TRACKER_URL.`
  return undefined
}

function formatRetryTime(retryAfter: string | null): string {
  return retryAfter === null ? ' later' : ` in ${retryAfter} s`
}
