import { expect } from 'vitest'
import type { Store } from '../../../src/store/store.ts'
import type { KeptDelivery, Model } from './model.ts'

/** The store under test, and how often what was seen of it. */
export type World = {
  store: Store
  reopen: () => Promise<void>
  saw: (what: string, times?: number) => void
  /** What other sequences have left in the counters. */
  countedBefore: ReadonlyMap<string, number>
}

/** One step: asks the store, and gives what then tells the model the same and compares the two. */
type Step = { told: string; take: (world: World) => Promise<() => void> }

/** Makes a step of what the model knows; undefined where it has nothing to speak of. */
export type Plan = (model: Model) => Step | undefined

/** The newest but `which`; however large that is, it is one of those that are there. */
export function pick<T>(some: readonly T[], which: number): T | undefined {
  return some.at(-1 - (which % some.length))
}

export function numberOf(model: Model, submission: Model['submissions'][number]): string {
  return `#${model.submissions.indexOf(submission)}`
}

export function idOf(model: Model, name: string | null): string | null {
  return name === null ? null : `${model.scope}-${name}`
}

/** The store chooses the id of a delivery, and none twice. */
export function keep(
  model: Model,
  deliveryId: string | null,
  { receivedAt, body }: { receivedAt: number; body: Buffer },
): KeptDelivery {
  expect(deliveryId).not.toBeNull()
  expect(model.kept.map((known) => known.deliveryId)).not.toContain(deliveryId)
  const nothing = { cause: null, service: null, submission: null, run: null, fileId: null }
  const sent = { deliveryId: `${deliveryId}`, receivedAt, body: body.toString(), isPruned: false }
  const kept: KeptDelivery = { ...sent, outcome: 'ignored', ...nothing }
  model.kept.push(kept)
  return kept
}
