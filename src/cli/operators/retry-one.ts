import type { z } from 'zod'
import { retryPreviewSchema } from '../../contract/operations.ts'
import { listedRunSchema } from '../../contract/run.ts'
import { runDetailSchema } from '../../contract/run-detail.ts'
import { createPaint, formatError } from '../asset-text.ts'
import { type CommandContext, printLine } from '../command-context.ts'
import { followAsset } from '../follow-asset.ts'
import { requestJson } from '../request-json.ts'
import { escapeForTerminal, stringifyForTerminal } from '../terminal-text.ts'
import type { TrackerClient } from '../tracker-client.ts'
import { formatCost } from './retry-cost.ts'
import type { RetryOptions } from './retry-options.ts'

type Run = z.infer<typeof listedRunSchema>

/** `retry RUN_ID`. */
export async function retryOne(
  context: CommandContext,
  client: TrackerClient,
  runId: string,
  { dryRun, reason, wait, json }: RetryOptions,
): Promise<void> {
  const path = `/runs/${encodeURIComponent(runId)}`
  const { run } = await requestJson(client, { path }, runDetailSchema.pick({ run: true }))
  const print = (text: string) => printLine(context.stdout, text)
  const cost = await fetchCost(client, run)
  if (dryRun) return print(json ? stringifyForTerminal(cost) : `Would retry ${formatCost(cost)}.`)
  const body = reason === undefined ? {} : { reason }
  const newRun = await requestJson(client, { method: 'POST', path: `${path}/retry`, body }, listedRunSchema)
  if (!json)
    print(`Retried ${escapeForTerminal(newRun.name)} (${formatCost(cost)}); the new run is ${newRun.runId}.`)
  const last =
    wait && newRun.fileId !== null ? await waitForFinalStatus(client, newRun.fileId, newRun) : newRun
  if (json) print(stringifyForTerminal(last))
  else if (wait) print(`${createPaint(context)(last.status)}  ${formatError(last.error)}`.trimEnd())
  if (wait && last.status !== 'success') context.exitCode = 1
}

/** A pending run has no cost, because retrying it is rejected. */
async function fetchCost(client: TrackerClient, { runId, status }: Run) {
  if (status === 'pending') return { total: 0, units: 0, unpriced: 0 }
  const body = { status, q: runId, dryRun: true }
  return requestJson(client, { method: 'POST', path: '/runs/retry', body }, retryPreviewSchema)
}

/** Waits until the run is no longer pending, or a newer run has replaced it. */
async function waitForFinalStatus(client: TrackerClient, fileId: string, pending: Run): Promise<Run> {
  for await (const { extensions } of followAsset(client, fileId)) {
    const run = extensions.find((one) => one.runId === pending.runId)
    if (run === undefined) break
    if (run.status !== 'pending') return { ...pending, ...run }
  }
  return pending
}
