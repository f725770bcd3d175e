import { expect, test } from 'vitest'
import type { AuditEntry } from '../../../src/domain/audit-entry.ts'
import { EVERY_RUN, type ListedRun } from '../../../src/domain/run-filter.ts'
import { acknowledgeMatching, acknowledgeRuns } from '../../../src/tracking/operators/acknowledge-runs.ts'
import { previewRetry } from '../../../src/tracking/operators/retry-runs.ts'
import { aRun } from '../domain/facts.ts'

const FILTER = { ...EVERY_RUN, status: 'failed', q: 'IMG_' } as const

function listed(runId: string): ListedRun {
  return { run: aRun({ runId, status: 'failed' }), fileId: 'file-1', fileName: 'IMG_1.png', kind: 'upload' }
}

/** A store that returns these pages one after another, and records acknowledgements. */
function storeOf(pages: ListedRun[][]) {
  const auditEntries: { runIds: readonly string[]; entry: AuditEntry }[] = []
  return {
    auditEntries,
    listRuns: async (_: unknown, { limit, before }: { limit: number; before: number | null }) => {
      const at = before ?? 0
      return { runs: (pages[at] ?? []).slice(0, limit), next: at + 1 < pages.length ? at + 1 : null }
    },
    acknowledgeRuns: async (runIds: readonly string[], entry: AuditEntry) => {
      auditEntries.push({ runIds, entry })
      return runIds.map(listed)
    },
    createRetry: async () => {},
    findRetry: async () => undefined,
    listUnaccepted: async () => [],
  }
}

const PAGES = [[], [listed('run-1')], [], [listed('run-2'), listed('run-3')]]

test('all matching runs are acknowledged, even if some pages of the list are empty', async () => {
  const store = storeOf(PAGES)
  const request = { filter: FILTER, note: null, actor: 'operator', limit: 10 }
  expect(await acknowledgeMatching({ store, clock: () => 1 }, request)).toBe(3)
  expect(store.auditEntries.map(({ runIds }) => runIds)).toEqual([['run-1'], ['run-2', 'run-3']])
})

test('all matching runs are retried up to the limit, even if some pages of the list are empty', async () => {
  const store = storeOf(PAGES)
  expect(await previewRetry({ store }, { filter: FILTER, limit: 10 })).toMatchObject({ total: 3 })
  expect(await previewRetry({ store }, { filter: FILTER, limit: 2 })).toMatchObject({ total: 2 })
})

test('many runs are acknowledged in steps, each with its own audit entry, so that others can write in between', async () => {
  const store = storeOf([])
  const runIds = Array.from({ length: 450 }, (_, index) => `run-${index}`)
  const acknowledged = await acknowledgeRuns(
    { store, clock: () => 1 },
    { runIds, note: 'known', actor: 'operator' },
  )
  expect(acknowledged.map(({ runId }) => runId)).toEqual(runIds)
  expect(store.auditEntries.map((step) => step.runIds.length)).toEqual([200, 200, 50])
  expect(store.auditEntries.map(({ entry }) => entry.details)).toEqual(
    store.auditEntries.map((step) => ({ runIds: [...step.runIds] })),
  )
})
