import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { askTracker } from '../ask-tracker.ts'
import { type CommandContext, printLine, terminalWidth } from '../command-context.ts'
import { patientClient } from '../patient-client.ts'
import { formatTable } from '../table.ts'
import { inertJson } from '../terminal-text.ts'
import type { TrackerClient } from '../tracker-client.ts'
import { listRuns } from './list-pages.ts'
import { costSchema, formatCost } from './retry-cost.ts'
import type { RetryOptions } from './retry-options.ts'
import type { ChosenRuns } from './run-filter-options.ts'
import { type AskedExtension, waitForStatuses } from './wait-for-statuses.ts'

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
  /** A service that is older does not tell it. */
  notTaken: z.array(notTakenSchema).optional(),
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
  const { limit, ...query } = chosen
  const { runs } = wait ? await listRuns(client, query, limit) : { runs: [] }
  const body = { ...chosen, ...(reason !== undefined && { reason }) }
  const started = await askTracker(client, { method: 'POST', path: '/runs/retry', body }, progressSchema)
  const patient = patientClient(client)
  const ended = await follow(context, patient, started, json !== true)
  print(`${ended.done - ended.failed} of ${ended.total} were taken (retry ${ended.retryId}).`)
  if (ended.failed > 0) {
    context.exitCode = 1
    print(formatNotTaken(ended, terminalWidth(context.stdout)))
  }
  // What is unconfirmed may have been taken.
  const isTaken =
    ended.done > ended.failed || ended.notTaken?.some(({ state }) => state === 'unconfirmed') === true
  const asked = (isTaken ? runs : []).flatMap(({ fileId, name }): AskedExtension[] =>
    fileId === null ? [] : [{ fileId, name }],
  )
  const counts = wait ? await waitForStatuses(patient, asked) : undefined
  if (json) printLine(context.stdout, inertJson({ ...ended, ...(counts && { statuses: counts }) }))
  if (counts === undefined || !isTaken) return
  const { success, failed, expired } = counts
  print(`Now ${success} success, ${failed} failed, ${expired} expired.`)
  if (failed + expired > 0) context.exitCode = 1
}

/** Until the service has come through all of them; on a terminal the count runs along. */
async function follow(
  { stderr }: CommandContext,
  client: TrackerClient,
  started: Progress,
  isShown: boolean,
): Promise<Progress> {
  const isLive = isShown && stderr.isTTY === true
  let progress = started
  while (progress.state === 'running') {
    if (isLive) stderr.write(`\r${progress.done} of ${progress.total} …`)
    await delay(LOOK_EVERY_MS)
    const path = `/retries/${encodeURIComponent(started.retryId)}`
    progress = await askTracker(client, { path }, progressSchema)
  }
  if (isLive) stderr.write('\r\u001b[K')
  return progress
}

function formatNotTaken({ failed, notTaken = [] }: Progress, width: number | undefined): string {
  const told = failed === 1 ? '1 was not taken' : `${failed} were not taken`
  if (notTaken.length === 0) return `${told}: see the runs themselves for why.`
  const table = formatTable(
    [
      { title: 'RUN', cell: ({ runId }) => runId },
      { title: 'EXTENSION', cell: ({ name }) => name },
      { title: 'STATE', cell: ({ state }) => state },
      { title: 'WHY', cell: ({ reason }) => reason, isCut: true },
    ],
    notTaken,
    width,
  )
  return failed > notTaken.length
    ? `${told}, the first ${notTaken.length} of them:\n${table}`
    : `${told}:\n${table}`
}
