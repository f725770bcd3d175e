import type { AssetStatus } from '../client/client.ts'
import { escapeForTerminal, type Paint } from './terminal-text.ts'

/** The current run of one extension of an asset. */
export type CurrentRun = AssetStatus['extensions'][number]

/** Whether an extension failed or expired. `status` and `upload --wait` then exit with 3. */
export function hasFailedOrExpired({ extensions }: AssetStatus): boolean {
  return extensions.some(({ status }) => status === 'failed' || status === 'expired')
}

/**
 * The current runs of the extensions that are new or whose status has changed. `before` maps extension names to the previous statuses.
 * `from` is the previous status of the extension, perhaps that of an older run; undefined for a new extension.
 */
export function changedRuns(
  before: { readonly [name: string]: string },
  { extensions }: AssetStatus,
): { run: CurrentRun; from: string | undefined }[] {
  return extensions
    .filter((run) => before[run.name] !== run.status)
    .map((run) => ({ run, from: before[run.name] }))
}

export function statusByName({ extensions }: AssetStatus): { [name: string]: string } {
  return Object.fromEntries(extensions.map((run) => [run.name, run.status]))
}

/** A line such as `remove-bg  pending → failed  reason`, or `remove-bg  pending` for a new extension. */
export function formatChange(run: CurrentRun, from: string | undefined, paint: Paint): string {
  const change = from === undefined ? paint(run.status) : `${paint(from)} → ${paint(run.status)}`
  return [escapeForTerminal(run.name), change, formatError(run.error)]
    .filter((part) => part !== '')
    .join('  ')
}

/**
 * An error on one line; empty for null. ImageKit doesn't document the shape of its errors: a text is shown as it is, and of an object
 * whose `message` is a text, only the message; anything else is shown as JSON.
 */
export function formatError(error: unknown): string {
  return escapeForTerminal(messageOf(error))
}

function messageOf(error: unknown): string {
  if (error === null || error === undefined) return ''
  if (typeof error === 'string') return error
  const entries = typeof error === 'object' ? Object.entries(error) : []
  const message = entries.find(([key, value]) => key === 'message' && typeof value === 'string')
  return message === undefined ? JSON.stringify(error) : String(message[1])
}
