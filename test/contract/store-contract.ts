import { afterEach, beforeEach, describe } from 'vitest'
import { describeAssets } from './assets.ts'
import { describeAtomicity } from './atomicity.ts'
import { describeDeliveries } from './deliveries.ts'
import { describeDurability } from './durability.ts'
import { describeIdempotency } from './idempotency.ts'
import type { OpenedStore } from './opened-store.ts'
import { describeOrderOfFacts } from './order-of-facts.ts'
import { describeSavedExtensions } from './saved-extensions.ts'
import { describeSubmissions } from './submissions.ts'

/** What every store does. `open` gives a new, empty one for each test. */
export function storeContract(name: string, open: () => Promise<OpenedStore>): void {
  describe(name, () => {
    let opened: OpenedStore
    beforeEach(async () => {
      opened = await open()
    })
    afterEach(() => opened.destroy())

    const current = () => opened
    describeSubmissions(current)
    describeDeliveries(current)
    describeSavedExtensions(current)
    describeAssets(current)
    describeIdempotency(current)
    describeAtomicity(current)
    describeDurability(current)
    describeOrderOfFacts(current)
  })
}
