import { expect } from 'vitest'
import type { Store } from '../../../src/store/store.ts'
import type { Model, ModelDelivery } from './model.ts'

/** The store under test, and the counts of the cases seen. */
export type World = {
  store: Store
  reopen: () => Promise<void>
  saw: (what: string, times?: number) => void
  /** The counters as other sequences left them. */
  countedBefore: ReadonlyMap<string, number>
}

/** One step: calls the store, and returns a function that applies the same to the model and compares the two. */
type Step = { description: string; take: (world: World) => Promise<() => void> }

/** Creates a step from the model's state; undefined if there is nothing to act on. */
export type Plan = (model: Model) => Step | undefined

/** The newest item but `which`, modulo their number. */
export function pick<T>(some: readonly T[], which: number): T | undefined {
  return some.at(-1 - (which % some.length))
}

export function numberOf(model: Model, submission: Model['submissions'][number]): string {
  return `#${model.submissions.indexOf(submission)}`
}

export function idOf(model: Model, name: string | null): string | null {
  return name === null ? null : `${model.scope}-${name}`
}

/** The store assigns the id of a delivery, and each id only once. */
export function keep(
  model: Model,
  deliveryId: string | null,
  { receivedAt, body }: { receivedAt: number; body: Buffer },
): ModelDelivery {
  expect(deliveryId).not.toBeNull()
  expect(model.kept.map((known) => known.deliveryId)).not.toContain(deliveryId)
  const nothing = { cause: null, service: null, submission: null, run: null, fileId: null }
  const sent = { deliveryId: `${deliveryId}`, receivedAt, body: body.toString(), isPruned: false }
  const kept: ModelDelivery = { ...sent, outcome: 'ignored', ...nothing }
  model.kept.push(kept)
  return kept
}
