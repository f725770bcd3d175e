// Variants take turns, so that other work on the machine affects all of them.
import { milliseconds } from './figures.ts'
import { measureSyncMicros } from './machine.ts'

/** `upload`: deliveries come in the order of the uploads. `shuffled`: each is for a random one of many pending runs. */
export const ORDERS = ['upload', 'shuffled'] as const
export type Order = (typeof ORDERS)[number]

/** How many extensions, and therefore webhooks, each submission has. */
export const EXTENSION_COUNTS = [1, 3, 40] as const
export type ExtensionCount = (typeof EXTENSION_COUNTS)[number]

/** The options of one run of the bench, as each part gets them. */
export type Bench = {
  /** For databases and request files. */
  folder: string
  isQuick: boolean
  /** How many runs the largest database has. */
  mostRuns: number
  /** Of ingest: what is measured with 64 connections. */
  orders: readonly Order[]
  extensionCounts: readonly ExtensionCount[]
  rounds: number
  seconds: number
  warmUpSeconds: number
  /** How many void rounds are repeated at most. */
  mostVoid: number
  log: (text: string) => void
}

export type Rounds<Result> = {
  /** What was measured, by variant. */
  resultsOf: (name: string) => Result[]
  results: { [name: string]: Result[] }
  syncs: { before: number; after: number; isSteady: boolean }[]
  voidRounds: number
}

/** A disk that became this much slower or faster within a round makes its figures incomparable. */
const UNSTEADY = 2

/**
 * Measures each variant once per round; each round starts with another variant. The latency of a raw sync is measured before
 * and after each round. If the two differ twofold, the round is void and repeated, at most `mostVoid` times.
 */
export async function inRounds<Variant extends { name: string }, Result>(
  { rounds, mostVoid, folder, log }: Pick<Bench, 'rounds' | 'mostVoid' | 'folder' | 'log'>,
  variants: readonly Variant[],
  measure: (variant: Variant) => Promise<Result>,
): Promise<Rounds<Result>> {
  const found = new Map<string, Result[]>(variants.map(({ name }) => [name, []]))
  const syncs: Rounds<Result>['syncs'] = []
  let voidRounds = 0
  while (syncs.length < rounds) {
    const turn = syncs.length % variants.length
    const before = measureSyncMicros(folder)
    const measured: [string, Result][] = []
    for (const variant of [...variants.slice(turn), ...variants.slice(0, turn)])
      measured.push([variant.name, await measure(variant)])
    const after = measureSyncMicros(folder)
    const isSteady = Math.max(before, after) < UNSTEADY * Math.min(before, after)
    log(`one sync took ${milliseconds(before)} ms before the round, ${milliseconds(after)} ms after it`)
    if (!isSteady && voidRounds < mostVoid) {
      voidRounds += 1
      log('the round is void and repeated')
      continue
    }
    syncs.push({ before, after, isSteady })
    for (const [name, result] of measured) found.get(name)?.push(result)
  }
  return { resultsOf: (name) => found.get(name) ?? [], results: Object.fromEntries(found), syncs, voidRounds }
}

/** A sentence for below a table. */
export function describeSyncs({ syncs, voidRounds }: Pick<Rounds<unknown>, 'syncs' | 'voidRounds'>): string {
  const each = syncs.map(({ before, after }) => `${milliseconds(before)}/${milliseconds(after)}`).join(', ')
  const unsteady = syncs.filter(({ isSteady }) => !isSteady).length
  return [
    `One raw sync before/after each round, in ms: ${each}.`,
    ...(voidRounds > 0 ? [`Rounds void and repeated because the disk changed twofold: ${voidRounds}.`] : []),
    ...(unsteady > 0 ? [`Rounds counted although the disk changed twofold: ${unsteady}.`] : []),
  ].join(' ')
}
