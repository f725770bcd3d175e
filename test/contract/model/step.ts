import { expect } from 'vitest'
import type { Store } from '../../../src/store/store.ts'
import type { Model, ModelDelivery } from './model.ts'

/** The store under test, and the counts of the cases that occurred. */
export type StepContext = {
  store: Store
  reopen: () => Promise<void>
  countCase: (what: string, times?: number) => void
  /** The counters before this sequence. */
  countedBefore: ReadonlyMap<string, number>
}

/** One step: calls the store, and returns a function that applies the same to the model and compares the two. */
type Step = { description: string; perform: (context: StepContext) => Promise<() => void> }

/** Creates a step from the model's state; undefined if there is nothing to act on. */
export type Plan = (model: Model) => Step | undefined

/** The item `which` places before the newest one, modulo the number of items. */
export function pick<T>(items: readonly T[], which: number): T | undefined {
  return items.at(-1 - (which % items.length))
}

/** The submission's name in the descriptions of steps, such as `#0`. */
export function labelOf(model: Model, submission: Model['submissions'][number]): string {
  return `#${model.submissions.indexOf(submission)}`
}

/** The name as an id that no other sequence uses. */
export function idOf(model: Model, name: string | null): string | null {
  return name === null ? null : `${model.scope}-${name}`
}

/** Adds a delivery to the model as ignored. Fails unless the store has assigned it a new id. */
export function addDelivery(
  model: Model,
  deliveryId: string | null,
  { receivedAt, body }: { receivedAt: number; body: Buffer },
): ModelDelivery {
  expect(deliveryId).not.toBeNull()
  expect(model.deliveries.map((known) => known.deliveryId)).not.toContain(deliveryId)
  const nothing = { cause: null, service: null, submission: null, run: null, fileId: null }
  const sent = { deliveryId: `${deliveryId}`, receivedAt, body: body.toString(), isPruned: false }
  const stored: ModelDelivery = { ...sent, outcome: 'ignored', ...nothing }
  model.deliveries.push(stored)
  return stored
}
