import { setTimeout as delay } from 'node:timers/promises'
import { Command } from 'commander'
import { createPaint } from '../asset-text.ts'
import { type CommandContext, printLine, terminalWidth } from '../command-context.ts'
import { CommandError } from '../command-error.ts'
import { inertJson } from '../terminal-text.ts'
import { parseTrackerAccess } from '../tracker-access.ts'
import { createTrackerClient, type TrackerClient } from '../tracker-client.ts'
import { type ListedRun, listRuns, MAX_LISTED } from './list-pages.ts'
import {
  addRunFilterOptions,
  type ChosenRuns,
  chosenRuns,
  OPERATOR_HELP,
  type RunFilterOptions,
} from './run-filter-options.ts'
import { formatRuns } from './runs-table.ts'

const STATUSES = ['failed', 'expired', 'pending', 'success']

export function failuresCommand(context: CommandContext): Command {
  const command = new Command('failures').description(
    'Lists the runs that failed and that nobody has seen to, the newest first.',
  )
  return addRunFilterOptions(command, {
    statuses: STATUSES,
    withoutStatus: 'default: failed',
    limit: 50,
    maxLimit: MAX_LISTED,
  })
    .option('--watch', 'go on, and show what comes to be among them')
    .option('--json', "print the service's JSON, one object a line")
    .addHelpText('after', FAILURES_HELP)
    .action(async (options: RunFilterOptions & { watch?: true; json?: true }) => {
      const client = createTrackerClient(parseTrackerAccess(context.env, context.readText))
      const query = chosenRuns(options)
      const seen = await listRuns(client, query, options.watch ? MAX_LISTED : options.limit)
      const runs = seen.runs.slice(0, options.limit)
      const nextCursor = runs.length < seen.runs.length ? null : seen.nextCursor
      const hasMore = seen.nextCursor !== null || runs.length < seen.runs.length
      const show = (shown: ListedRun[], next: string | null) =>
        printLine(
          context.stdout,
          options.json
            ? inertJson({ runs: shown, nextCursor: next })
            : formatRuns(shown, createPaint(context), terminalWidth(context.stdout)),
        )
      if (runs.length > 0 || options.json) show(runs, nextCursor)
      else printLine(context.stdout, 'There are none.')
      if (hasMore && !options.json)
        printLine(context.stderr, `There are more than these ${runs.length}; --limit shows more of them.`)
      if (options.watch) await watch(context, client, query, seen.runs, (fresh) => show(fresh, null))
    })
}

const FAILURES_HELP = `
Examples:
  extension-tracker failures
  extension-tracker failures --extension remove-bg --since 24h
  extension-tracker failures --status expired --all --limit 200
  extension-tracker failures --json | jq -r '.runs[].fileId'
  extension-tracker failures --watch
${OPERATOR_HELP}
--watch looks every second at the newest ${MAX_LISTED} of them.`

const LOOK_EVERY_MS = 1_000

/** Tells what is new among the chosen runs until the process is asked to stop. A service that restarts is waited for. */
async function watch(
  { stopRequested, stderr }: CommandContext,
  client: TrackerClient,
  query: ChosenRuns,
  known: readonly ListedRun[],
  tell: (fresh: ListedRun[]) => void,
): Promise<void> {
  const stop = new AbortController()
  void stopRequested().then(() => stop.abort())
  const seen = new Set(known.map(({ runId }) => runId))
  let isReached = true
  for (;;) {
    await delay(LOOK_EVERY_MS, undefined, { signal: stop.signal }).catch(() => {})
    if (stop.signal.aborted) return
    try {
      const { runs } = await listRuns(client, query, MAX_LISTED)
      const fresh = freshRuns(runs, seen)
      if (fresh.length > 0) tell(fresh)
      for (const { runId } of runs) seen.add(runId)
      isReached = true
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      if (isReached) printLine(stderr, `It is asked again: ${error.message}`)
      isReached = false
    }
  }
}

/** Those not seen yet. Behind the last one that was seen, old ones move up when newer ones leave a full list. */
function freshRuns(runs: readonly ListedRun[], seen: ReadonlySet<string>): ListedRun[] {
  const lastSeen = runs.findLastIndex(({ runId }) => seen.has(runId))
  const end = runs.length < MAX_LISTED ? runs.length : lastSeen
  return runs.slice(0, end).filter(({ runId }) => !seen.has(runId))
}
