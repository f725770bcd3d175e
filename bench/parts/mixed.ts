// Webhooks and pollers at the same time, compared with each alone. Some assets are polled while their runs settle.
import { join } from 'node:path'
import { median, spread, sum } from '../figures.ts'
import { countMissing, TRACKER } from '../ingest-run.ts'
import { API_KEY_HEADERS, inOwnFolder, withServer } from '../launch.ts'
import { generateLoad, get, type Load, waitUntilRead } from '../load.ts'
import type { PartResult } from '../report.ts'
import { buildGetRequest, type RequestFile, writeRequests } from '../requests.ts'
import { type Bench, describeSyncs, inRounds, type Rounds } from '../rounds.ts'
import { type PreparedWorkload, prepareWorkload } from '../workload.ts'

const CONNECTIONS = 64
/** The pollers of `pollStatuses`. They read from this process, in addition to the connections of the load generator. */
const POLLERS = 8
/** How often a settled status is read, including the read that first shows it settled, to see whether it goes back to pending. */
const SETTLED_READS = 3

/** `assets`: those polled; `settled`: those whose settled status was read; `wentBack`: how many later reads returned pending. */
type PollCounts = { assets: number; settled: number; wentBack: number }
/** `…Beside`: while the other kind of request is sent, too. */
type Result = {
  webhooks: Load
  status: Load
  webhooksBeside: Load
  statusBeside: Load
  polled: PollCounts
  missing: number
}

export async function measureMixed(bench: Bench): Promise<PartResult> {
  const workload = await prepareWorkload(bench, { measurements: 2 })
  const reads = writeRequests(join(bench.folder, 'mixed.requests'), workload.count, (index) =>
    buildGetRequest(`/assets/${workload.runAt(index).fileId}/status`, API_KEY_HEADERS),
  )
  const rounds = await inRounds(bench, [{ name: 'mixed' }], () => runMixed(bench, workload, reads))
  return resultOf(rounds)
}

function runMixed(bench: Bench, workload: PreparedWorkload, reads: RequestFile): Promise<Result> {
  const { seconds, warmUpSeconds, log } = bench
  const load = { connections: CONNECTIONS, seconds }
  return inOwnFolder(bench.folder, async (runFolder) => {
    const { loads, ...result } = await withServer(TRACKER.start(runFolder, workload), async ({ url }) => {
      const warmUp = await generateLoad(url, workload, { ...load, seconds: warmUpSeconds })
      const webhooks = await generateLoad(url, workload, { ...load, first: warmUp.sent })
      const status = await generateLoad(url, reads, load)
      const first = warmUp.sent + webhooks.sent
      const stopPolling = pollStatuses(url, workload, first)
      const [webhooksBeside, statusBeside] = await Promise.all([
        generateLoad(url, workload, { ...load, first }),
        generateLoad(url, reads, { ...load, first }),
      ])
      const polled = await stopPolling()
      await waitUntilRead(url)
      const loads = [warmUp, webhooks, webhooksBeside]
      return { loads, webhooks, status, webhooksBeside, statusBeside, polled }
    })
    const missing = countMissing(TRACKER.findStored(runFolder, workload), workload, loads)
    log(`webhooks ${perSecond(result.webhooks)}, beside pollers ${perSecond(result.webhooksBeside)}`)
    log(`status ${perSecond(result.status)}, beside webhooks ${perSecond(result.statusBeside)}`)
    return { ...result, missing }
  })
}

/**
 * Polls one asset after another, from number `first` on: each until its run is settled, and a few times more. The returned function
 * stops the polling and resolves with its counts.
 */
function pollStatuses(url: string, workload: PreparedWorkload, first: number): () => Promise<PollCounts> {
  const polled: PollCounts = { assets: 0, settled: 0, wentBack: 0 }
  let isOver = false
  const poll = async (offset: number) => {
    for (let index = first + offset; !isOver && index < workload.count; index += POLLERS) {
      polled.assets += 1
      const address = `${url}/assets/${workload.runAt(index).fileId}/status`
      let isSettled = false
      for (let remaining = SETTLED_READS; remaining > 0 && !isOver; ) {
        const { status }: { status: string } = JSON.parse((await get(address, API_KEY_HEADERS)).text)
        const isPending = status === 'pending'
        if (isSettled && isPending) polled.wentBack += 1
        if (!isPending) remaining -= 1
        if (!isPending && !isSettled) polled.settled += 1
        isSettled ||= !isPending
      }
    }
  }
  const polling = Promise.all(Array.from({ length: POLLERS }, (_, offset) => poll(offset)))
  return async () => {
    isOver = true
    await polling
    return polled
  }
}

function perSecond({ rate }: Load): string {
  return `${Math.round(rate)} a second`
}

function resultOf(rounds: Rounds<Result>): PartResult {
  const results = rounds.resultsOf('mixed')
  type Kind = 'webhooks' | 'status'
  const rates = (name: Kind | `${Kind}Beside`) => results.map((result) => result[name].rate)
  const share = (name: Kind) =>
    median(results.map((result) => result[`${name}Beside`].rate / result[name].rate))
  const row = (name: Kind) => [
    name,
    spread(rates(name)),
    spread(rates(`${name}Beside`)),
    share(name).toFixed(2),
  ]
  const wentBack = sum(results.map(({ polled }) => polled.wentBack))
  const settled = sum(results.map(({ polled }) => polled.settled))
  return {
    title: 'Webhooks and pollers at once',
    tables: [
      {
        title: `${CONNECTIONS} connections each`,
        columns: ['what', 'alone, per second', 'beside the other', 'share'],
        rows: [row('webhooks'), row('status')],
        note: `${settled} assets were polled until their runs had settled; ${wentBack} statuses went back. ${describeSyncs(rounds)}`,
      },
    ],
    goals: { 'mixed-ingest': share('webhooks'), 'mixed-status': share('status'), 'mixed-back': wentBack },
    lost: sum(results.map(({ missing }) => missing)),
    raw: results,
  }
}
