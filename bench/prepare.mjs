// What several parts need, made once.
import { join } from 'node:path'
import { trackerDelivery } from './load/deliveries.mjs'
import { writeRequests } from './load/request-file.mjs'
import { addPending } from './servers/template.mjs'

/** More than any server that stores them takes in a second; others are sent the same ones again. */
const MOST_A_SECOND = 22_000
const templates = new Map()

/** Distinct deliveries for so many seconds. */
export function prepareRequests({ folder, tell }, seconds) {
  const count = MOST_A_SECOND * seconds
  tell(`preparing ${count.toLocaleString('en')} deliveries`)
  return writeRequests(join(folder, `deliveries-${count}`), count, trackerDelivery)
}

/** Distinct deliveries for a warm-up and `runs` measurements, and a database in which all of their runs are pending. */
export async function prepareDeliveries(bench, { runs = 1 } = {}) {
  const seconds = bench.warmUpSeconds + runs * bench.seconds
  const made = templates.get(seconds)
  if (made !== undefined) return made
  const requests = prepareRequests(bench, seconds)
  const template = join(bench.folder, `template-${requests.count}.db`)
  await addPending(template, requests.count)
  templates.set(seconds, { ...requests, template })
  return templates.get(seconds)
}
