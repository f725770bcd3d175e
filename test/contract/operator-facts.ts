import type { AuditEntry } from '../../src/domain/audit-entry.ts'
import { type DeliveryFilter, EVERY_DELIVERY, type ListedDelivery } from '../../src/domain/listed-delivery.ts'
import type { FinalStatus, Run } from '../../src/domain/run.ts'
import { EVERY_RUN, type ListedRun, type RunFilter } from '../../src/domain/run-filter.ts'
import type { NewSubmission } from '../../src/domain/submission.ts'
import type { Store } from '../../src/store/store.ts'
import { newDelivery, submit } from './facts.ts'

export function anAuditEntry(facts: Partial<AuditEntry> = {}): AuditEntry {
  return {
    at: 9_000,
    actor: 'default',
    kind: 'acknowledge',
    subject: null,
    reason: 'seen',
    details: null,
    ...facts,
  }
}

/** All pages of a list. `between` runs between two pages. */
export async function listEveryPage(
  store: Store,
  filter: Partial<RunFilter> = {},
  { limit = 50, between }: { limit?: number; between?: () => Promise<unknown> } = {},
): Promise<ListedRun[]> {
  const found: ListedRun[] = []
  let before: number | null = null
  do {
    const page = await store.listRuns({ ...EVERY_RUN, ...filter }, { limit, before })
    if (page.runs.length > limit) throw new Error(`a page of ${page.runs.length} runs`)
    found.push(...page.runs)
    before = page.next
    if (before !== null) await between?.()
  } while (before !== null)
  return found
}

export async function listEveryDelivery(
  store: Store,
  filter: Partial<DeliveryFilter> = {},
  { limit = 50, between }: { limit?: number; between?: () => Promise<unknown> } = {},
): Promise<ListedDelivery[]> {
  const found: ListedDelivery[] = []
  let before: number | null = null
  do {
    const page = await store.listDeliveries({ ...EVERY_DELIVERY, ...filter }, { limit, before })
    if (page.deliveries.length > limit) throw new Error(`a page of ${page.deliveries.length} deliveries`)
    found.push(...page.deliveries)
    before = page.next
    if (before !== null) await between?.()
  } while (before !== null)
  return found
}

export async function listNames(store: Store, filter: Partial<RunFilter>): Promise<(string | null)[]> {
  return (await listEveryPage(store, filter)).map(({ fileName }) => fileName)
}

/** A submission with its runs, in the order of the names. */
export async function submitTo(
  store: Store,
  names: string[],
  facts: Partial<NewSubmission> = {},
): Promise<{ submissionId: string; runs: Run[]; runId: string }> {
  const submissionId = await submit(store, names, facts)
  const runs = (await store.findSubmission(submissionId))?.runs ?? []
  return { submissionId, runs, runId: runs[0]?.runId ?? '' }
}

/** Delivers a webhook that reports how a run ended. Its file is the submission's, or none. */
export function deliverResult(
  store: Store,
  submissionId: string,
  service: string,
  status: FinalStatus,
  { code, at = 2_000 }: { code?: string; at?: number } = {},
) {
  const error = code === undefined ? null : { code }
  const result = { service, status, fileId: null, error }
  return store.recordDelivery(newDelivery(submissionId, result, { receivedAt: at }))
}

export async function runOf(store: Store, runId: string): Promise<Run | undefined> {
  return (await store.findRunHistory(runId))?.run
}

/** An operator's counts in a canonical order: all groups, and the counters of each window. */
export async function countsOf(store: Store) {
  const stats = await Promise.all(WINDOWS.map(([from, until]) => store.readStats(from, until)))
  return {
    groups: stats.map(({ groups }) => groups.map((group) => JSON.stringify(sorted(group))).toSorted()),
    counters: stats.map(({ counters }) => counters.map((counter) => JSON.stringify(counter)).toSorted()),
    byHour: stats.map(({ byHour }) => byHour),
  }
}

/** Windows with and without whole days. */
export const WINDOWS = [
  [0, 100_000],
  [0, 24],
  [3, 29],
  [5, 6],
  [1, 50],
] as const

export function sorted(entry: object) {
  return Object.entries(entry).toSorted(([one], [other]) => (one < other ? -1 : 1))
}
