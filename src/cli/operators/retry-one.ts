import { z } from 'zod'
import { askTracker } from '../ask-tracker.ts'
import { createPaint, describeError } from '../asset-text.ts'
import { type CommandContext, printLine } from '../command-context.ts'
import { followAsset } from '../follow-asset.ts'
import { inertJson, inertText } from '../terminal-text.ts'
import type { TrackerClient } from '../tracker-client.ts'
import { costSchema, formatCost } from './retry-cost.ts'
import type { RetryOptions } from './retry-options.ts'

const runSchema = z.looseObject({
  runId: z.string(),
  name: z.string(),
  status: z.string(),
  fileId: z.string().nullable(),
  error: z.unknown(),
})
type AskedRun = z.infer<typeof runSchema>

/** `retry RUN_ID`. */
export async function retryOne(
  context: CommandContext,
  client: TrackerClient,
  runId: string,
  { dryRun, reason, wait, json }: RetryOptions,
): Promise<void> {
  const path = `/runs/${encodeURIComponent(runId)}`
  const { run } = await askTracker(client, { path }, z.looseObject({ run: runSchema }))
  const print = (text: string) => printLine(context.stdout, text)
  const cost = await findCost(client, run)
  if (dryRun) return print(json ? inertJson(cost) : `Would ask again for ${formatCost(cost)}.`)
  const body = reason === undefined ? {} : { reason }
  const asked = await askTracker(client, { method: 'POST', path: `${path}/retry`, body }, runSchema)
  if (!json)
    print(`Asked again for ${inertText(asked.name)} (${formatCost(cost)}); the new run is ${asked.runId}.`)
  const ended = wait && asked.fileId !== null ? await waitForEnd(client, asked.fileId, asked) : asked
  if (json) print(inertJson(ended))
  else if (wait) print(`${createPaint(context)(ended.status)}  ${describeError(ended.error)}`.trimEnd())
  if (wait && ended.status !== 'success') context.exitCode = 1
}

/** A pending run has no price to tell: asking for it is refused. */
async function findCost(client: TrackerClient, { runId, status }: AskedRun) {
  if (status === 'pending') return { total: 0, units: 0, unpriced: 0 }
  const body = { status, q: runId, dryRun: true }
  return askTracker(client, { method: 'POST', path: '/runs/retry', body }, costSchema)
}

/** The run once it is not pending any more. A newer one in its place ends the waiting. */
async function waitForEnd(client: TrackerClient, fileId: string, asked: AskedRun): Promise<AskedRun> {
  for await (const { extensions } of followAsset(client, fileId)) {
    const run = extensions.find((one) => one['runId'] === asked.runId)
    if (run === undefined) break
    if (run.status !== 'pending') return { ...asked, ...run }
  }
  return asked
}
