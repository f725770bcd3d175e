// Measures variants alternately, in rounds, so that other work on the machine affects all of them alike.
import { milliseconds } from './figures.ts'
import { measureSyncMicros } from './machine.ts'

/** `upload`: deliveries are sent in upload order. `shuffled`: each is for a random one of many pending runs. */
export const ORDERS = ['upload', 'shuffled'] as const
export type Order = (typeof ORDERS)[number]

/** The number of extensions, and therefore of webhooks, of each submission. */
export const EXTENSION_COUNTS = [1, 3, 40] as const
export type ExtensionCount = (typeof EXTENSION_COUNTS)[number]

/** The options of one run of the bench. Each part gets them. */
export type Bench = {
  /** For databases and request files. */
  folder: string
  isQuick: boolean
  /** The number of runs in the largest database. The quick bench has smaller ones. */
  mostRuns: number
  /** The orders in which deliveries are sent to measure ingest. */
  orders: readonly Order[]
  extensionCounts: readonly ExtensionCount[]
  /** The number of rounds that count. */
  rounds: number
  /** The length of a measurement. */
  seconds: number
  /** The length of the load before a measurement. */
  warmUpSeconds: number
  /** How many void rounds of one call of `inRounds` are repeated at most. Further ones count. */
  maxVoidRounds: number
  log: (text: string) => void
}

export type Rounds<Result> = {
  /** The results of one variant. */
  resultsOf: (name: string) => Result[]
  results: { [name: string]: Result[] }
  /** The latency of a raw sync before and after each round that counts, in microseconds. */
  syncs: { before: number; after: number; isSteady: boolean }[]
  voidRounds: number
}

/** If the disk becomes at least this many times slower or faster within a round, the figures of the round are not comparable. */
const UNSTEADY_FACTOR = 2

/**
 * Measures each variant once per round; each round starts with another variant, but a repeated round with the same one. The
 * latency of a raw sync is measured before and after each round. If one is at least twice the other, the round is void and
 * repeated. After `maxVoidRounds` repetitions in total, such rounds count.
 */
export async function inRounds<Variant extends { name: string }, Result>(
  { rounds, maxVoidRounds, folder, log }: Pick<Bench, 'rounds' | 'maxVoidRounds' | 'folder' | 'log'>,
  variants: readonly Variant[],
  measure: (variant: Variant) => Promise<Result>,
): Promise<Rounds<Result>> {
  const resultsByName = new Map<string, Result[]>(variants.map(({ name }) => [name, []]))
  const syncs: Rounds<Result>['syncs'] = []
  let voidRounds = 0
  while (syncs.length < rounds) {
    const offset = syncs.length % variants.length
    const before = measureSyncMicros(folder)
    const measured: [string, Result][] = []
    for (const variant of [...variants.slice(offset), ...variants.slice(0, offset)])
      measured.push([variant.name, await measure(variant)])
    const after = measureSyncMicros(folder)
    const isSteady = Math.max(before, after) < UNSTEADY_FACTOR * Math.min(before, after)
    log(`one sync took ${milliseconds(before)} ms before the round, ${milliseconds(after)} ms after it`)
    if (!isSteady && voidRounds < maxVoidRounds) {
      voidRounds += 1
      log('the round is void and will be repeated')
      continue
    }
    syncs.push({ before, after, isSteady })
    for (const [name, result] of measured) resultsByName.get(name)?.push(result)
  }
  return {
    resultsOf: (name) => resultsByName.get(name) ?? [],
    results: Object.fromEntries(resultsByName),
    syncs,
    voidRounds,
  }
}

/** The note below a table: the latencies of the syncs, and the numbers of repeated and of unsteady rounds. */
export function describeSyncs({ syncs, voidRounds }: Pick<Rounds<unknown>, 'syncs' | 'voidRounds'>): string {
  const times = syncs.map(({ before, after }) => `${milliseconds(before)}/${milliseconds(after)}`).join(', ')
  const unsteady = syncs.filter(({ isSteady }) => !isSteady).length
  return [
    `One raw sync before/after each round, in ms: ${times}.`,
    ...(voidRounds > 0 ? [`Rounds repeated because the time of a sync changed twofold: ${voidRounds}.`] : []),
    ...(unsteady > 0 ? [`Rounds counted although the time of a sync changed twofold: ${unsteady}.`] : []),
  ].join(' ')
}
