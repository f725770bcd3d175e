// The same ingest on a disk on which each sync takes 2 ms longer, as on a network volume.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compareIngest, ingestChart, ratioTo } from '../compare-ingest.mjs'
import { has } from '../machine.mjs'
import { prepareDeliveries } from '../prepare.mjs'
import { EXPRESS, TRACKER } from '../servers/ingest-servers.mjs'

const SOURCE = fileURLToPath(new URL('../servers/slow-sync.c', import.meta.url))
const MICROS = 2_000

export async function measure(bench) {
  const title = 'Ingest on a slow disk'
  if (!has('cc') || process.platform !== 'linux')
    return {
      title: `${title}: not measured, for it needs Linux and a C compiler`,
      tables: [],
      goals: {},
      lost: 0,
    }
  const shim = join(bench.folder, 'slow-sync.so')
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', shim, SOURCE])
  const requests = await prepareDeliveries(bench)
  const env = { LD_PRELOAD: shim, SLOW_SYNC_MICROS: String(MICROS) }
  const compared = await compareIngest(bench, [TRACKER, EXPRESS], requests, 64, env)
  return {
    title,
    tables: [{ ...compared.table, title: `Each sync ${MICROS / 1000} ms longer, 64 connections` }],
    goals: { 'slow-disk-64': ratioTo(compared, EXPRESS) },
    lost: compared.lost,
    charts: [ingestChart(compared, 'slow-disk', 'Webhooks acknowledged a second, each sync 2 ms longer')],
    raw: compared.results,
  }
}
