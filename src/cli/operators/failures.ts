import { Command } from 'commander'
import type { z } from 'zod'
import { statsSchema } from '../../contract/stats.ts'
import { formatError } from '../asset-status.ts'
import { type CommandContext, printLine, terminalWidth } from '../command-context.ts'
import { type Column, formatTable, shortTime } from '../table.ts'
import { createPaint, type Paint, stringifyForTerminal } from '../terminal-text.ts'
import { OPERATOR_HELP } from '../tracker-access.ts'
import { type CommandClient, createConfiguredClient, requestJson } from '../tracker-client.ts'
import { type ListedRun, listRuns, MAX_LISTED } from './list-pages.ts'
import {
  addRunFilterOptions,
  type RunFilter,
  type RunFilterOptions,
  toRunFilter,
} from './run-filter-options.ts'
import { findNew, pollUntilStopped } from './watch.ts'

const STATUSES = ['failed', 'expired', 'pending', 'success']

export function failuresCommand(context: CommandContext): Command {
  const command = new Command('failures').description(
    'Lists the failed runs that are not acknowledged, newest first.',
  )
  return addRunFilterOptions(command, {
    statuses: STATUSES,
    statusNote: 'default: failed',
    limit: 50,
    maxLimit: MAX_LISTED,
  })
    .option('--watch', 'keep running and show new ones')
    .option('--json', "print the service's JSON, one object per line")
    .addHelpText('after', FAILURES_HELP)
    .action(async (options: RunFilterOptions & { watch?: true; json?: true }) => {
      const client = createConfiguredClient(context)
      const filter = toRunFilter(options)
      // The activity is read before the list, so that a change while the list is read isn't missed.
      const before = options.watch && (await fetchActivity(client))
      // With --watch, runs beyond the limit are requested too, so that they don't count as new later.
      const listed = await listRuns(client, filter, options.watch ? MAX_LISTED : options.limit)
      const runs = listed.runs.slice(0, options.limit)
      // The service's cursor continues after the last requested run, so it doesn't fit a list that was cut off at the limit.
      const nextCursor = runs.length < listed.runs.length ? null : listed.nextCursor
      const hasMore = listed.nextCursor !== null || runs.length < listed.runs.length
      const show = (shown: ListedRun[], next: string | null) =>
        printLine(
          context.stdout,
          options.json
            ? stringifyForTerminal({ runs: shown, nextCursor: next })
            : formatRuns(shown, createPaint(context), terminalWidth(context.stdout)),
        )
      if (runs.length > 0 || options.json) show(runs, nextCursor)
      else printLine(context.stdout, 'No runs.')
      if (hasMore && !options.json)
        printLine(context.stderr, `Only the newest ${runs.length} are shown; use --limit to show more.`)
      if (before)
        await watch(context, client, { filter, listed: listed.runs, before }, (added) => show(added, null))
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
pending run or the newest listed one, whichever is older. A late webhook can settle an older run that had expired, so after a change
it also lists all matching runs, at most once a minute. With --acknowledged it lists all matching runs every second. Each list has at
most ${MAX_LISTED} runs.`

/** How much earlier a list begins than the newest listed run and the oldest pending one, to include runs requested during a poll. */
const OVERLAP_MS = 60_000

/** A late webhook can settle an expired run of any age, so after a change all matching runs are listed too, at most this often. */
const LIST_ALL_EVERY_MS = 60_000

/** Counts by status and hour, and the time of the oldest pending run. They change whenever a run settles or expires. */
const activitySchema = statsSchema.pick({ byStatus: true, byHour: true, oldestPendingAt: true })
type Activity = z.infer<typeof activitySchema>

function fetchActivity(client: CommandClient): Promise<Activity> {
  return requestJson(client, { path: '/stats?window=1h' }, activitySchema)
}

/** Calls `onNewRuns` with runs that are new to the list until the process is asked to stop. Retries while the service restarts. */
async function watch(
  context: CommandContext,
  client: CommandClient,
  start: { filter: RunFilter; listed: readonly ListedRun[]; before: Activity },
  onNewRuns: (runs: ListedRun[]) => void,
): Promise<void> {
  const { filter, listed } = start
  const seen = new Set(listed.map(({ runId }) => runId))
  let newestAt = newestTimeOf(listed)
  let before = start.before
  let listedAllAt = Date.now()
  // Whether anything has changed since all matching runs were last listed.
  let hasChanged = false
  await pollUntilStopped(context, async () => {
    const activity = await fetchActivity(client)
    hasChanged ||= JSON.stringify(activity) !== JSON.stringify(before)
    const isFullListDue = hasChanged && Date.now() - listedAllAt >= LIST_ALL_EVERY_MS
    // Any run can be acknowledged at any time, without a change of the activity.
    const isBounded = filter.acknowledged !== true && !isFullListDue
    if (isBounded && JSON.stringify(activity) === JSON.stringify(before)) return
    const bounds = isBounded ? boundsOf(filter, newestAt, before) : {}
    const { runs } = await listRuns(client, { ...filter, ...bounds }, MAX_LISTED)
    const newRuns = findNew(runs, seen, ({ runId }) => runId, MAX_LISTED)
    if (newRuns.length > 0) onNewRuns(newRuns)
    for (const { runId } of runs) seen.add(runId)
    newestAt = Math.max(newestAt, newestTimeOf(runs))
    before = activity
    if (!isBounded) {
      listedAllAt = Date.now()
      hasChanged = false
    }
  })
}

/** When the newest of these runs was requested; `-Infinity` if there are none. */
function newestTimeOf(runs: readonly ListedRun[]): number {
  return Math.max(Number.NEGATIVE_INFINITY, ...runs.map(({ requestedAt }) => Date.parse(requestedAt)))
}

/**
 * The bounds of a list that includes every new run, except expired runs that settle late, runs whose acknowledgement is revoked, and
 * runs that match `--cause` only since a repeated webhook filled in their error. Any other new run was pending at the last poll, or was
 * requested after the newest listed run.
 */
function boundsOf(filter: RunFilter, newestAt: number, { oldestPendingAt }: Activity): { since?: string } {
  const pendingAt = oldestPendingAt === null ? newestAt : Date.parse(oldestPendingAt)
  const from = Math.min(newestAt, pendingAt) - OVERLAP_MS
  const since = Math.max(from, filter.since === undefined ? from : Date.parse(filter.since))
  return Number.isFinite(since) ? { since: new Date(since).toISOString() } : {}
}

/** Runs, one per line, starting with the id that `retry` takes. */
function formatRuns(runs: readonly ListedRun[], paint: Paint, width: number | undefined): string {
  const columns: Column<ListedRun>[] = [
    { title: 'RUN', cell: ({ runId }) => runId },
    { title: 'REQUESTED', cell: ({ requestedAt }) => shortTime(requestedAt) },
    { title: 'STATUS', cell: ({ status }) => status, paint: (text, { status }) => paint(status, text) },
    { title: 'EXTENSION', cell: ({ name }) => name },
    { title: 'FILE ID', cell: ({ fileId }) => fileId },
    { title: 'FILE', cell: ({ fileName }) => fileName, isTruncatable: true },
    { title: 'CAUSE', cell: ({ cause }) => cause, isTruncatable: true },
    { title: 'ERROR', cell: errorBeyondCause, isTruncatable: true },
  ]
  const hasErrors = runs.some((run) => errorBeyondCause(run) !== null)
  return formatTable(hasErrors ? columns : columns.slice(0, -1), runs, width)
}

/** ImageKit's error; null if there is none, or if it says no more than the cause. */
function errorBeyondCause({ error, cause }: ListedRun): string | null {
  const text = formatError(error)
  return text === '' || text === cause ? null : text
}
