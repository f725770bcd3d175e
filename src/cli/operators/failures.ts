import { setTimeout as delay } from 'node:timers/promises'
import { Command } from 'commander'
import { z } from 'zod'
import { askTracker } from '../ask-tracker.ts'
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
      const before = options.watch && (await askActivity(client))
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
      if (before)
        await watch(context, client, { query, known: seen.runs, before }, (fresh) => show(fresh, null))
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
--watch checks every second whether anything changed, and then lists the runs that may be new: those requested since the oldest
pending run. A late webhook can settle an older run that had expired, so once a minute it lists all of them.`

const LOOK_EVERY_MS = 1_000

/** Covers what is requested while the service is asked. */
const OVERLAP_MS = 60_000

/** A late webhook settles a run that had expired, however old it is. */
const LIST_ALL_EVERY_MS = 60_000

/** What settled in this hour, how much is pending, and since when: it changes whenever a run may have become new to a list. */
const activitySchema = z.looseObject({
  byStatus: z.record(z.string(), z.number()),
  byHour: z.array(z.unknown()),
  oldestPendingAt: z.string().nullable(),
})
type Activity = z.infer<typeof activitySchema>

function askActivity(client: TrackerClient): Promise<Activity> {
  return askTracker(client, { path: '/stats?window=1h' }, activitySchema)
}

/** Prints what is new among the chosen runs until the process is asked to stop. A service that restarts is waited for. */
async function watch(
  { stopRequested, stderr }: CommandContext,
  client: TrackerClient,
  given: { query: ChosenRuns; known: readonly ListedRun[]; before: Activity },
  tell: (fresh: ListedRun[]) => void,
): Promise<void> {
  const stop = new AbortController()
  void stopRequested().then(() => stop.abort())
  const { query, known } = given
  const seen = new Set(known.map(({ runId }) => runId))
  let newestAt = newestOf(known)
  let before = given.before
  let isReached = true
  let listedAllAt = Date.now()
  let hasChanged = false
  for (;;) {
    await delay(LOOK_EVERY_MS, undefined, { signal: stop.signal }).catch(() => {})
    if (stop.signal.aborted) return
    try {
      const activity = await askActivity(client)
      // An acknowledgement settles nothing, and may concern any run.
      hasChanged ||= JSON.stringify(activity) !== JSON.stringify(before)
      const isDue = hasChanged && Date.now() - listedAllAt >= LIST_ALL_EVERY_MS
      const isBounded = query.acknowledged !== true && !isDue
      if (!isBounded || JSON.stringify(activity) !== JSON.stringify(before)) {
        const bounds = isBounded ? boundsOf(query, newestAt, before) : {}
        const { runs } = await listRuns(client, { ...query, ...bounds }, MAX_LISTED)
        const fresh = freshRuns(runs, seen)
        if (fresh.length > 0) tell(fresh)
        for (const { runId } of runs) seen.add(runId)
        newestAt = Math.max(newestAt, newestOf(runs))
        before = activity
        if (!isBounded) {
          listedAllAt = Date.now()
          hasChanged = false
        }
      }
      isReached = true
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      if (isReached) printLine(stderr, `It is asked again: ${error.message}`)
      isReached = false
    }
  }
}

function newestOf(runs: readonly ListedRun[]): number {
  return Math.max(Number.NEGATIVE_INFINITY, ...runs.map(({ requestedAt }) => Date.parse(requestedAt)))
}

/** A run that is new to the list was pending at the last look, or was requested after the newest that is known. */
function boundsOf(query: ChosenRuns, newestAt: number, { oldestPendingAt }: Activity): { since?: string } {
  const pendingAt = oldestPendingAt === null ? newestAt : Date.parse(oldestPendingAt)
  const from = Math.min(newestAt, pendingAt) - OVERLAP_MS
  const since = Math.max(from, query.since === undefined ? from : Date.parse(query.since))
  return Number.isFinite(since) ? { since: new Date(since).toISOString() } : {}
}

/** Those not seen yet. Behind the last one that was seen, old ones move up when newer ones leave a full list. */
function freshRuns(runs: readonly ListedRun[], seen: ReadonlySet<string>): ListedRun[] {
  const lastSeen = runs.findLastIndex(({ runId }) => seen.has(runId))
  const end = runs.length < MAX_LISTED ? runs.length : lastSeen
  return runs.slice(0, end).filter(({ runId }) => !seen.has(runId))
}
