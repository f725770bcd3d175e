// Webhooks and pollers at once, against each alone; meanwhile some assets are watched while they are settled.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { median, spread } from '../figures.mjs'
import { countMissing } from '../ingest-run.mjs'
import { fileIdOf } from '../load/deliveries.mjs'
import { followStatuses } from '../load/follow-statuses.mjs'
import { generateLoad } from '../load/generate-load.mjs'
import { letArrive } from '../load/let-arrive.mjs'
import { getRequest, writeRequests } from '../load/request-file.mjs'
import { prepareDeliveries } from '../prepare.mjs'
import { describeSyncs, inRounds } from '../rounds.mjs'
import { TRACKER } from '../servers/ingest-servers.mjs'
import { withServer } from '../servers/launch.mjs'
import { READER } from '../servers/secrets.mjs'

const CONNECTIONS = 64

export async function measure(bench) {
  const deliveries = await prepareDeliveries(bench, { runs: 2 })
  const questions = writeRequests(join(bench.folder, 'mixed.requests'), deliveries.count, (index) =>
    getRequest(`/assets/${fileIdOf(index)}/status`, READER),
  )
  let lost = 0
  const rounds = await inRounds(bench, [{ name: 'mixed' }], async () => {
    const result = await runMixed(bench, deliveries, questions)
    lost += result.missing
    return result
  })
  return resultOf(rounds, lost)
}

async function runMixed({ folder, seconds, warmUpSeconds, tell }, deliveries, questions) {
  const own = mkdtempSync(join(folder, 'mixed-'))
  const load = { connections: CONNECTIONS, seconds }
  try {
    const { loads, ...result } = await withServer(TRACKER.start(own, deliveries), async ({ url }) => {
      const warmUp = await generateLoad(url, deliveries, { ...load, seconds: warmUpSeconds })
      const ingest = await generateLoad(url, deliveries, { ...load, first: warmUp.sent })
      const status = await generateLoad(url, questions, load)
      const first = warmUp.sent + ingest.sent
      const stopFollowing = followStatuses(url, first)
      const [ingestBeside, statusBeside] = await Promise.all([
        generateLoad(url, deliveries, { ...load, first }),
        generateLoad(url, questions, { ...load, first }),
      ])
      const followed = await stopFollowing()
      await letArrive(url)
      const loads = [warmUp, ingest, ingestBeside]
      return { loads, ingest, status, ingestBeside, statusBeside, followed }
    })
    const missing = countMissing(TRACKER, own, deliveries, loads)
    tell(`webhooks ${perSecond(result.ingest)}, beside pollers ${perSecond(result.ingestBeside)}`)
    tell(`status ${perSecond(result.status)}, beside webhooks ${perSecond(result.statusBeside)}`)
    return { ...result, missing }
  } finally {
    rmSync(own, { recursive: true })
  }
}

function perSecond({ rate }) {
  return `${Math.round(rate)} a second`
}

function resultOf(rounds, lost) {
  const results = rounds.found.get('mixed')
  const rates = (name) => results.map((result) => result[name].rate)
  const share = (beside, alone) => median(results.map((result) => result[beside].rate / result[alone].rate))
  const ingest = share('ingestBeside', 'ingest')
  const status = share('statusBeside', 'status')
  const wentBack = results.reduce((sum, { followed }) => sum + followed.wentBack, 0)
  const settled = results.reduce((sum, { followed }) => sum + followed.settled, 0)
  return {
    title: 'Webhooks and pollers at once',
    tables: [
      {
        title: `${CONNECTIONS} connections each`,
        columns: ['what', 'alone, a second', 'beside the other', 'share'],
        rows: [
          ['webhooks', spread(rates('ingest')), spread(rates('ingestBeside')), ingest.toFixed(2)],
          ['status', spread(rates('status')), spread(rates('statusBeside')), status.toFixed(2)],
        ],
        note: `${settled} assets were polled while they were settled; ${wentBack} statuses went back. ${describeSyncs(rounds)}`,
      },
    ],
    goals: { 'mixed-ingest': ingest, 'mixed-status': status, 'mixed-back': wentBack },
    lost,
    raw: results,
  }
}
