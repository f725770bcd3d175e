import { setTimeout as delay } from 'node:timers/promises'
import type { z } from 'zod'
import { retryPreviewSchema, retryProgressSchema } from '../../contract/operations.ts'
import { type CommandContext, printLine, terminalWidth } from '../command-context.ts'
import { requestJson } from '../request-json.ts'
import { retryingClient } from '../retrying-client.ts'
import { formatTable } from '../table.ts'
import { stringifyForTerminal } from '../terminal-text.ts'
import type { TrackerClient } from '../tracker-client.ts'
import { formatCost } from './retry-cost.ts'
import type { RetryOptions } from './retry-options.ts'
import type { RunFilter } from './run-filter-options.ts'

type Progress = z.infer<typeof retryProgressSchema>

const POLL_INTERVAL_MS = 500

/** `retry --status …`: prints the cost, starts the retry, and follows its progress. */
export async function retryMany(
  context: CommandContext,
  client: TrackerClient,
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
  const progress = await followRetry(context, retryingClient(client), started, {
    showsProgress: !json,
    waitsForRuns: wait === true,
  })
  if (json) printLine(context.stdout, stringifyForTerminal(progress))
  const { success, failed, expired, pending, rejected, unconfirmed } = progress.results
  const notAccepted = rejected + unconfirmed
  print(`${progress.total - notAccepted} of ${progress.total} were accepted (retry ${progress.retryId}).`)
  if (notAccepted > 0) print(formatNotAccepted(progress, notAccepted, terminalWidth(context.stdout)))
  print(`New runs: ${success} succeeded, ${failed} failed, ${expired} expired, ${pending} pending.`)
  if (notAccepted > 0 || (wait && failed + expired > 0)) context.exitCode = 1
}

/** Polls until the service has sent all runs and, with `waitsForRuns`, no new run is pending. Shows the count on a terminal. */
async function followRetry(
  { stderr }: CommandContext,
  client: TrackerClient,
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
    progress = await requestJson(client, { path }, retryProgressSchema)
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
      { title: 'STATE', cell: ({ state }) => (state === 'failed' ? 'rejected' : state) },
      { title: 'REASON', cell: ({ reason }) => reason, isCut: true },
    ],
    notAccepted,
    width,
  )
  return count > notAccepted.length
    ? `${title}, the first ${notAccepted.length}:\n${table}`
    : `${title}:\n${table}`
}
