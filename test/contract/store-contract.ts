import { afterEach, beforeEach, describe } from 'vitest'
import { describeAccountDeliveries } from './account-deliveries.ts'
import { describeAlerts } from './alerts.ts'
import { describeAssets } from './assets.ts'
import { describeAtomicity } from './atomicity.ts'
import { describeCommits } from './commits.ts'
import { describeDeliveries } from './deliveries.ts'
import { describeDueRuns } from './due-runs.ts'
import { describeDurability } from './durability.ts'
import { describeEarlyEvents } from './early-events.ts'
import { describeFindings } from './findings.ts'
import { describeIdempotency } from './idempotency.ts'
import { describeIds } from './ids.ts'
import { describeNotifications } from './notifications.ts'
import { describeNullAndEmpty } from './null-and-empty.ts'
import { describeOldSubmissions } from './old-submissions.ts'
import { testOldSubmissions } from './old-submissions-property.ts'
import { describeOperatorsAudit } from './operators-audit.ts'
import { describeOperatorsCounts } from './operators-counts.ts'
import { describeOperatorsDeliveries } from './operators-deliveries.ts'
import { describeOperatorsDeliveryFilters } from './operators-delivery-filters.ts'
import { describeOperatorsFilters } from './operators-filters.ts'
import { describeOperatorsForgetting } from './operators-forgetting.ts'
import { describeOperatorsHistory } from './operators-history.ts'
import { describeOperatorsPages } from './operators-pages.ts'
import { describeOperatorsRetries } from './operators-retries.ts'
import { describeOperatorsSearch } from './operators-search.ts'
import { describeOverdueRuns } from './overdue-runs.ts'
import { describePruning } from './pruning.ts'
import { describeRejectedDeliveries } from './rejected-deliveries.ts'
import { describeSavedExtensions } from './saved-extensions.ts'
import { describeSignIns } from './sign-ins.ts'
import type { StoreFixture } from './store-fixture.ts'
import { describeSubmissions } from './submissions.ts'

type Open = () => Promise<StoreFixture>

/** `share`: the fraction of the cases that each property test runs, so that a slow store can run fewer. */
type ContractOptions = { share?: number }

/**
 * What every store must do, except what only operators use, and what concerns several processes. `open` resolves with a new,
 * empty store for each test.
 */
export function storeContract(name: string, open: Open, { share = 1 }: ContractOptions = {}): void {
  describe(name, () => {
    const current = openForEach(open)
    describeIds(current)
    describeSubmissions(current)
    describeDeliveries(current)
    describeSavedExtensions(current)
    describeAssets(current)
    describeIdempotency(current)
    describeAccountDeliveries(current)
    describeEarlyEvents(current)
    describeOverdueRuns(current)
    describeDueRuns(current)
    describeFindings(current)
    describeNotifications(current)
    describeRejectedDeliveries(current)
    describePruning(current)
    describeOldSubmissions(current)
    testOldSubmissions(open, Math.ceil(60 * share))
    describeAtomicity(current)
    describeDurability(current)
    describeNullAndEmpty(current)
    describeCommits(current)
    describeAlerts(current)
  })
}

/** What every store must do for operators. */
export function operatorsContract(name: string, open: Open, { share = 1 }: ContractOptions = {}): void {
  describe(name, () => {
    const current = openForEach(open)
    describeOperatorsFilters(current, share)
    describeOperatorsSearch(current)
    describeOperatorsPages(current, share)
    describeOperatorsCounts(current, share)
    describeOperatorsDeliveries(current)
    describeOperatorsDeliveryFilters(current, share)
    describeOperatorsHistory(current)
    describeOperatorsAudit(current)
    describeSignIns(current)
    describeOperatorsForgetting(current)
    describeOperatorsRetries(current)
  })
}

function openForEach(open: Open): () => StoreFixture {
  let opened: StoreFixture
  beforeEach(async () => {
    opened = await open()
  })
  afterEach(() => opened.destroy())
  return () => opened
}
