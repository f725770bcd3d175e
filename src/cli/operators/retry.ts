import { setTimeout as delay } from 'node:timers/promises'
import { Command } from 'commander'
import type { z } from 'zod'
import { repeat } from '../../client/repeat.ts'
import { retryPreviewSchema, retryProgressSchema } from '../../contract/retry.ts'
import { listedRunSchema } from '../../contract/run.ts'
import { runDetailSchema } from '../../contract/run-detail.ts'
import { formatError } from '../asset-status.ts'
import { type CommandContext, printLine, terminalWidth } from '../command-context.ts'
import { CommandError } from '../command-error.ts'
import { followAsset } from '../follow-asset.ts'
import { formatTable } from '../table.ts'
import { createPaint, escapeForTerminal, stringifyForTerminal } from '../terminal-text.ts'
import { OPERATOR_HELP } from '../tracker-access.ts'
import { type CommandClient, createConfiguredClient, readResponse, requestJson } from '../tracker-client.ts'
import {
  addRunFilterOptions,
  type RunFilter,
  type RunFilterOptions,
  toRunFilter,
} from './run-filter-options.ts'

const STATUSES = ['failed', 'expired', 'success']

export function retryCommand(context: CommandContext): Command {
  const command = new Command('retry')
    .description(
      'Retries one run, or the newest runs that match a filter, with the original options of the extension.',
    )
    .argument(
      '[RUN_ID]',
      'the id of a run, from the command "failures"; without it, a filter with --status is required',
    )
  return addRunFilterOptions(command, {
    statuses: STATUSES,
    statusNote: 'required without RUN_ID',
    limit: 100,
    maxLimit: 1000,
  })
    .option('--dry-run', 'only print how many runs match and what they cost')
    .option('--reason <TEXT>', 'saved to the audit log')
    .option('--wait', 'wait until no new run of an accepted retry is pending')
    .option('--json', "print the service's JSON")
    .addHelpText('after', RETRY_HELP)
    .action(async (runId: string | undefined, options: RunFilterOptions & RetryOptions) => {
      // The values can't show whether a filter option was given, because `limit` has a default.
      const hasFilterOption = FILTER_OPTIONS.some((name) => command.getOptionValueSource(name) === 'cli')
      if (runId !== undefined && hasFilterOption)
        throw new CommandError('Give RUN_ID or filter options such as --status, not both.', 2)
      if (runId === undefined && options.status === undefined)
        throw new CommandError('Give RUN_ID, or a filter such as --status failed; see retry --help.', 2)
      const client = createConfiguredClient(context)
      if (runId !== undefined) return retryOne(context, client, runId, options)
      return retryMany(context, client, { ...toRunFilter(options), limit: options.limit }, options)
    })
}

const FILTER_OPTIONS = [
  'status',
  'extension',
  'cause',
  'since',
  'until',
  'search',
  'acknowledged',
  'all',
  'limit',
]

const RETRY_HELP = `
Examples:
  extension-tracker retry run_12_AbCdEfGhIjk --wait
  extension-tracker retry --status failed --extension remove-bg --since 24h --dry-run
  extension-tracker retry --status failed --cause "Rate limit" --limit 500 --reason "quota was raised"
${OPERATOR_HELP}
RUN_ID, or a filter with --status, is required. The filter options have the same meaning as those of "failures".
With a filter, the service retries the runs in the background, and continues if this command is stopped.
The exit code is 1 if a retry was not accepted by ImageKit; otherwise, with --wait, it is 3 if a new run failed or expired.
With RUN_ID and --wait, it is also 1 if a newer run replaced the new one before that had a final status.`

/** The options that apply to one run and to many. */
type RetryOptions = { dryRun?: true; reason?: string; wait?: true; json?: true }

/** The number of runs and their cost at ImageKit. The price of some extensions is not known. */
function formatCost({ total, units, unpriced }: z.infer<typeof retryPreviewSchema>): string {
  const runs = total === 1 ? '1 run' : `${total} runs`
  if (unpriced === total) return `${runs}, price unknown`
  const cost = `${runs}, ${units} extension unit${units === 1 ? '' : 's'}`
  return unpriced === 0 ? cost : `${cost}; price unknown for ${unpriced} of them`
}

type Run = z.infer<typeof listedRunSchema>

/** `retry RUN_ID`. */
async function retryOne(
  context: CommandContext,
  client: CommandClient,
  runId: string,
  { dryRun, reason, wait, json }: RetryOptions,
): Promise<void> {
  const path = `/runs/${encodeURIComponent(runId)}`
  const { run } = await requestJson(client, { path }, runDetailSchema.pick({ run: true }))
  const print = (text: string) => printLine(context.stdout, text)
  const cost = await fetchCost(client, run)
  if (dryRun && !json && run.status === 'pending')
    return print('The run is still pending, so it cannot be retried yet.')
  if (dryRun) return print(json ? stringifyForTerminal(cost) : `Would retry ${formatCost(cost)}.`)
  const newRun = await readResponse(client, client.retry(runId, { reason }), listedRunSchema)
  if (!json)
    print(`Retried ${escapeForTerminal(newRun.name)} (${formatCost(cost)}); the new run is ${newRun.runId}.`)
  const last =
    wait && newRun.fileId !== null ? await waitForFinalStatus(client, newRun.fileId, newRun) : newRun
  if (json) print(stringifyForTerminal(last))
  else if (wait) print(`${createPaint(context)(last.status)}  ${formatError(last.error)}`.trimEnd())
  if (wait && last.status !== 'success') context.exitCode = last.status === 'pending' ? 1 : 3
}

/** The cost of retrying one run. Zero for a pending run, which can't be retried: the service would reject the request for its cost. */
async function fetchCost(client: CommandClient, { runId, status }: Run) {
  if (status === 'pending') return { total: 0, units: 0, unpriced: 0 }
  const body = { status, q: runId, dryRun: true }
  return requestJson(client, { method: 'POST', path: '/runs/retry', body }, retryPreviewSchema)
}

/** Returns the run once it is no longer pending, or unchanged once it is not a current run of its asset any more. */
async function waitForFinalStatus(client: CommandClient, fileId: string, pending: Run): Promise<Run> {
  for await (const { extensions } of followAsset(client, fileId)) {
    const run = extensions.find(({ runId }) => runId === pending.runId)
    if (run === undefined) break
    if (run.status !== 'pending') return { ...pending, ...run }
  }
  return pending
}

type Progress = z.infer<typeof retryProgressSchema>

const POLL_INTERVAL_MS = 500

/** `retry --status …`: prints the cost and, unless it is a dry run, starts the retry and follows its progress. */
async function retryMany(
  context: CommandContext,
  client: CommandClient,
  filter: RunFilter & { limit: number },
  { dryRun, reason, wait, json }: RetryOptions,
): Promise<void> {
  const print = (text: string) => {
    if (!json) printLine(context.stdout, text)
  }
  const preview = { method: 'POST', path: '/runs/retry', body: { ...filter, dryRun: true } } as const
  const cost = await requestJson(client, preview, retryPreviewSchema)
  if (dryRun || cost.total === 0) {
    if (json) printLine(context.stdout, stringifyForTerminal(cost))
    return print(cost.total === 0 ? 'No runs.' : `Would retry ${formatCost(cost)}.`)
  }
  print(`Retrying ${formatCost(cost)}.`)
  const body = { ...filter, ...(reason !== undefined && { reason }) }
  const started = await requestJson(
    client,
    { method: 'POST', path: '/runs/retry', body },
    retryProgressSchema,
  )
  const progress = await followRetry(context, client, started, {
    showsProgress: !json,
    waitsForRuns: wait === true,
  })
  if (json) printLine(context.stdout, stringifyForTerminal(progress))
  const { success, failed, expired, pending, rejected, unconfirmed } = progress.results
  const notAcceptedCount = rejected + unconfirmed
  print(
    `ImageKit accepted ${progress.total - notAcceptedCount} of ${progress.total} submissions (retry ${progress.retryId}).`,
  )
  if (notAcceptedCount > 0)
    print(formatNotAccepted(progress, notAcceptedCount, terminalWidth(context.stdout)))
  print(`New runs: ${success} succeeded, ${failed} failed, ${expired} expired, ${pending} pending.`)
  if (notAcceptedCount > 0) context.exitCode = 1
  else if (wait && failed + expired > 0) context.exitCode = 3
}

/**
 * Polls until the service has processed all runs and, with `waitsForRuns`, no new run of an accepted retry is pending. Shows the
 * progress on a terminal.
 */
async function followRetry(
  { stderr }: CommandContext,
  client: CommandClient,
  started: Progress,
  { showsProgress, waitsForRuns }: { showsProgress: boolean; waitsForRuns: boolean },
): Promise<Progress> {
  const isLive = showsProgress && stderr.isTTY === true
  let progress = started
  while (progress.state === 'running' || (waitsForRuns && progress.results.pending > 0)) {
    const { done, total, results } = progress
    if (isLive) stderr.write(`\r\u001b[K${done} of ${total} sent, ${results.pending} pending …`)
    await delay(POLL_INTERVAL_MS)
    const path = `/retries/${encodeURIComponent(started.retryId)}`
    // The retry continues while the service restarts.
    const request = repeat(() => client.http.json(path))
    progress = await readResponse(client, request, retryProgressSchema)
  }
  if (isLive) stderr.write('\r\u001b[K')
  return progress
}

function formatNotAccepted({ notAccepted }: Progress, count: number, width: number | undefined): string {
  const title = count === 1 ? '1 was not accepted' : `${count} were not accepted`
  const table = formatTable(
    [
      { title: 'RUN', cell: ({ runId }) => runId },
      { title: 'EXTENSION', cell: ({ name }) => name },
      // Here `failed` means that ImageKit rejected the retry or got no request, not that a run failed.
      { title: 'STATE', cell: ({ state }) => (state === 'failed' ? 'rejected' : state) },
      { title: 'REASON', cell: ({ reason }) => reason, isTruncatable: true },
    ],
    notAccepted,
    width,
  )
  return count > notAccepted.length
    ? `${title}, the first ${notAccepted.length}:\n${table}`
    : `${title}:\n${table}`
}
