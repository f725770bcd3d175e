// The same ingest from senders that keep no connection: each delivery opens one and closes it.
import { join } from 'node:path'
import { compareIngest, ingestChart, ratioTo } from '../compare-ingest.mjs'
import { closingDelivery } from '../load/deliveries.mjs'
import { writeRequests } from '../load/request-file.mjs'
import { prepareDeliveries } from '../prepare.mjs'
import { BARE, EXPRESS, TRACKER } from '../servers/ingest-servers.mjs'

const AT_ONCE = 64

export async function measure(bench) {
  const { template, count } = await prepareDeliveries(bench)
  const path = join(bench.folder, `closing-${count}`)
  const requests = { ...writeRequests(path, count, closingDelivery), template }
  const compared = await compareIngest(bench, [TRACKER, BARE, EXPRESS], requests, AT_ONCE)
  return {
    title: 'Ingest without kept connections',
    tables: [{ ...compared.table, title: `A new connection for each delivery, ${AT_ONCE} at once` }],
    goals: { 'connections-express': ratioTo(compared, EXPRESS) },
    lost: compared.lost,
    charts: [
      ingestChart(compared, 'connections', 'Webhooks acknowledged a second, a new connection for each'),
    ],
    raw: compared.results,
  }
}
