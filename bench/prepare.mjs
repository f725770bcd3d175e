// What several parts need, made once.
import { join } from 'node:path'
import { trackerDelivery } from './load/deliveries.mjs'
import { writeRequests } from './load/request-file.mjs'
import { addPending } from './servers/template.mjs'

/** More than any server here takes in a second. */
const MOST_A_SECOND = 25_000
let made

/** Distinct deliveries for as long as one run lasts, and a database in which all of their runs are pending. */
export async function prepareDeliveries({ folder, seconds, warmUpSeconds, tell }) {
  if (made !== undefined) return made
  const count = MOST_A_SECOND * (seconds + warmUpSeconds)
  tell(`preparing ${count.toLocaleString('en')} deliveries`)
  const template = join(folder, 'template.db')
  await addPending(template, count)
  made = { ...writeRequests(join(folder, 'deliveries'), count, trackerDelivery), template }
  return made
}
