import { setTimeout as delay } from 'node:timers/promises'
import { type CommandContext, printLine } from '../command-context.ts'
import { CommandError } from '../command-error.ts'

const POLL_INTERVAL_MS = 1_000

/** Calls `poll` every second until the process is asked to stop. If `poll` fails, it prints the error once and tries again. */
export async function pollUntilStopped(
  { stopRequested, stderr }: Pick<CommandContext, 'stopRequested' | 'stderr'>,
  poll: () => Promise<void>,
): Promise<void> {
  const stop = new AbortController()
  void stopRequested().then(() => stop.abort())
  let isReachable = true
  for (;;) {
    await delay(POLL_INTERVAL_MS, undefined, { signal: stop.signal }).catch(() => {})
    if (stop.signal.aborted) return
    try {
      await poll()
      isReachable = true
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      if (isReachable) printLine(stderr, `Retrying: ${error.message}`)
      isReachable = false
    }
  }
}

/** The listed items that are not in `seen`. `maxListed`: the length at which the list is cut off. */
export function findNew<T>(
  listed: readonly T[],
  seen: ReadonlySet<string>,
  idOf: (item: T) => string,
  maxListed: number,
): T[] {
  // Items after the last seen one in a full list are old: they moved up as newer ones left it.
  const lastSeen = listed.findLastIndex((item) => seen.has(idOf(item)))
  const end = listed.length < maxListed || lastSeen === -1 ? listed.length : lastSeen
  return listed.slice(0, end).filter((item) => !seen.has(idOf(item)))
}
