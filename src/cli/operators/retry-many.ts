import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { askTracker } from '../ask-tracker.ts'
import { type CommandContext, printLine, terminalWidth } from '../command-context.ts'
import { patientClient } from '../patient-client.ts'
import { formatTable } from '../table.ts'
import { inertJson } from '../terminal-text.ts'
import type { TrackerClient } from '../tracker-client.ts'
import { costSchema, formatCost } from './retry-cost.ts'
import type { RetryOptions } from './retry-options.ts'
import type { ChosenRuns } from './run-filter-options.ts'

const notTakenSchema = z.looseObject({
  runId: z.string(),
  name: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
})
const progressSchema = z.looseObject({
  retryId: z.string(),
  total: z.number(),
  done: z.number(),
  failed: z.number(),
  state: z.enum(['running', 'done']),
  results: z.object({
    success: z.number(),
    failed: z.number(),
    expired: z.number(),
    pending: z.number(),
    rejected: z.number(),
    unconfirmed: z.number(),
  }),
  notTaken: z.array(notTakenSchema),
})
type Progress = z.infer<typeof progressSchema>

const LOOK_EVERY_MS = 500

/** `retry --status …`: tells what it costs, has it done, and follows it. */
export async function retryMany(
  context: CommandContext,
  client: TrackerClient,
  chosen: ChosenRuns & { limit: number },
  { dryRun, reason, wait, json }: RetryOptions,
): Promise<void> {
  const print = (text: string) => {
    if (!json) printLine(context.stdout, text)
  }
  const preview = { method: 'POST', path: '/runs/retry', body: { ...chosen, dryRun: true } } as const
  const cost = await askTracker(client, preview, costSchema)
  if (dryRun || cost.total === 0) {
    if (json) printLine(context.stdout, inertJson(cost))
    return print(cost.total === 0 ? 'There are none.' : `Would ask again for ${formatCost(cost)}.`)
  }
  print(`Asking again for ${formatCost(cost)}.`)
  const body = { ...chosen, ...(reason !== undefined && { reason }) }
  const started = await askTracker(client, { method: 'POST', path: '/runs/retry', body }, progressSchema)
  const ended = await follow(context, patientClient(client), started, {
    isShown: !json,
    isAwaited: wait === true,
  })
  if (json) printLine(context.stdout, inertJson(ended))
  const { success, failed, expired, pending, rejected, unconfirmed } = ended.results
  const notAccepted = rejected + unconfirmed
  print(`${ended.total - notAccepted} of ${ended.total} were accepted (retry ${ended.retryId}).`)
  if (notAccepted > 0) print(formatNotTaken(ended, notAccepted, terminalWidth(context.stdout)))
  print(`New runs: ${success} succeeded, ${failed} failed, ${expired} expired, ${pending} pending.`)
  if (notAccepted > 0 || (wait && failed + expired > 0)) context.exitCode = 1
}

/** Until the service has sent all of them and, with `isAwaited`, no new run is pending; on a terminal the count is shown. */
async function follow(
  { stderr }: CommandContext,
  client: TrackerClient,
  started: Progress,
  { isShown, isAwaited }: { isShown: boolean; isAwaited: boolean },
): Promise<Progress> {
  const isLive = isShown && stderr.isTTY === true
  let progress = started
  while (progress.state === 'running' || (isAwaited && progress.results.pending > 0)) {
    const { done, total, results } = progress
    if (isLive) stderr.write(`\r\u001b[K${done} of ${total} sent, ${results.pending} pending …`)
    await delay(LOOK_EVERY_MS)
    const path = `/retries/${encodeURIComponent(started.retryId)}`
    progress = await askTracker(client, { path }, progressSchema)
  }
  if (isLive) stderr.write('\r\u001b[K')
  return progress
}

function formatNotTaken({ notTaken }: Progress, count: number, width: number | undefined): string {
  const title = count === 1 ? '1 was not accepted' : `${count} were not accepted`
  const table = formatTable(
    [
      { title: 'RUN', cell: ({ runId }) => runId },
      { title: 'EXTENSION', cell: ({ name }) => name },
      { title: 'STATE', cell: ({ state }) => (state === 'failed' ? 'rejected' : state) },
      { title: 'WHY', cell: ({ reason }) => reason, isCut: true },
    ],
    notTaken,
    width,
  )
  return count > notTaken.length ? `${title}, the first ${notTaken.length}:\n${table}` : `${title}:\n${table}`
}
