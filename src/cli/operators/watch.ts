import { setTimeout as delay } from 'node:timers/promises'
import { type CommandContext, printLine } from '../command-context.ts'
import { CommandError } from '../command-error.ts'

const POLL_INTERVAL_MS = 1_000

/**
 * Calls `poll` after a second, and again a second after each call ended, until the process is asked to stop. If `poll` throws
 * `CommandError`, polling continues; of several failures in a row, only the first is printed.
 */
export async function pollUntilStopped(
  { stopRequested, stderr }: Pick<CommandContext, 'stopRequested' | 'stderr'>,
  poll: () => Promise<void>,
): Promise<void> {
  const stop = new AbortController()
  void stopRequested().then(() => stop.abort())
  let isFailing = false
  for (;;) {
    await delay(POLL_INTERVAL_MS, undefined, { signal: stop.signal }).catch(() => {})
    if (stop.signal.aborted) return
    try {
      await poll()
      isFailing = false
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      if (!isFailing) printLine(stderr, `Retrying: ${error.message}`)
      isFailing = true
    }
  }
}

/**
 * The items of a list, newest first, that are new since the last poll. `seen`: the ids of the items of earlier polls. `maxListed`: the
 * length at which the list is cut off.
 */
export function findNew<T>(
  listed: readonly T[],
  seen: ReadonlySet<string>,
  idOf: (item: T) => string,
  maxListed: number,
): T[] {
  // In a full list, items after the last seen one are not new: they were cut off until newer ones left the list.
  const lastSeen = listed.findLastIndex((item) => seen.has(idOf(item)))
  const end = listed.length < maxListed || lastSeen === -1 ? listed.length : lastSeen
  return listed.slice(0, end).filter((item) => !seen.has(idOf(item)))
}
