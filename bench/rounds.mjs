// Variants take turns, so that what the machine does meanwhile meets all of them.
import { milliseconds } from './figures.mjs'
import { measureSyncMicros } from './machine.mjs'

/** A disk that got so much slower or faster within a round makes its figures incomparable. */
const UNSTEADY = 2

/**
 * Measures each variant once a round, each round beginning with another one. Returns what was measured by variant, and the
 * raw latency of a sync around each round. A round in which the two differ twofold is void and repeated, at most `mostVoid` times.
 */
export async function inRounds({ rounds, mostVoid, folder, tell }, variants, measure) {
  const found = new Map(variants.map(({ name }) => [name, []]))
  const syncs = []
  let isVoid = 0
  while (syncs.length < rounds) {
    const turn = syncs.length % variants.length
    const before = measureSyncMicros(folder)
    const measured = []
    for (const variant of [...variants.slice(turn), ...variants.slice(0, turn)])
      measured.push([variant.name, await measure(variant)])
    const after = measureSyncMicros(folder)
    const isSteady = Math.max(before, after) < UNSTEADY * Math.min(before, after)
    tell(`one sync took ${milliseconds(before)} ms before the round, ${milliseconds(after)} ms after it`)
    if (!isSteady && isVoid < mostVoid) {
      isVoid += 1
      tell('the round is void, and repeated')
      continue
    }
    syncs.push({ before, after, isSteady })
    for (const [name, result] of measured) found.get(name).push(result)
  }
  return { found, syncs, isVoid }
}

/** For below a table. */
export function describeSyncs({ syncs, isVoid }) {
  const each = syncs.map(({ before, after }) => `${milliseconds(before)}/${milliseconds(after)}`).join(', ')
  const unsteady = syncs.filter(({ isSteady }) => !isSteady).length
  return [
    `One raw sync before/after each round, in ms: ${each}.`,
    ...(isVoid > 0 ? [`Void and repeated, for the disk changed twofold: ${isVoid}.`] : []),
    ...(unsteady > 0 ? [`The disk would not keep still: ${unsteady} such round(s) count nevertheless.`] : []),
  ].join(' ')
}
