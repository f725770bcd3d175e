import { expect } from 'vitest'
import type { Store } from '../../../src/store/store.ts'
import type { Model, ModelDelivery } from './model.ts'

/** What a step uses while it is performed and compared. */
export type StepContext = {
  /** The store under test. */
  store: Store
  /** Closes the store, and opens it again on the same data as the new `store`. */
  reopen: () => Promise<void>
  /** Counts a case that occurred, so that the test can fail if a required case never occurs. */
  countCase: (what: string, times?: number) => void
  /** The store's counters (`readStats`) before this sequence, by key: earlier sequences have used the same store. */
  countersBefore: ReadonlyMap<string, number>
}

/** `perform` calls the store. It resolves with a function that applies the same step to the model, and compares the results. */
type Step = { description: string; perform: (context: StepContext) => Promise<() => void> }

/** Creates a step from the model's state; undefined if there is nothing to act on. */
export type Plan = (model: Model) => Step | undefined

/** The item `which` places before the newest one, modulo the number of items; undefined if there are none. */
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

/** Adds a delivery to the model, as ignored until its outcome is known. Fails unless the store has assigned it a new id. */
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
