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

/** A store whose list has these pages; `before` and `next` are indices of pages. Records acknowledgements. */
function storeOf(pages: ListedRun[][]) {
  const acknowledgements: { runIds: readonly string[]; entry: AuditEntry }[] = []
  return {
    acknowledgements,
    listRuns: async (_: unknown, { limit, before }: { limit: number; before: number | null }) => {
      const page = before ?? 0
      return { runs: (pages[page] ?? []).slice(0, limit), next: page + 1 < pages.length ? page + 1 : null }
    },
    acknowledgeRuns: async (runIds: readonly string[], entry: AuditEntry) => {
      acknowledgements.push({ runIds, entry })
      return runIds.map(listed)
    },
  }
}

const PAGES = [[], [listed('run-1')], [], [listed('run-2'), listed('run-3')]]

test('all matching runs are acknowledged, even if some pages of the list are empty', async () => {
  const store = storeOf(PAGES)
  const request = { filter: FILTER, note: null, actor: 'operator', limit: 10 }
  expect(await acknowledgeMatching({ store, clock: () => 1 }, request)).toBe(3)
  expect(store.acknowledgements.map(({ runIds }) => runIds)).toEqual([['run-1'], ['run-2', 'run-3']])
})

test('the preview of a retry counts all matching runs up to the limit, even if some pages of the list are empty', async () => {
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
  expect(store.acknowledgements.map((step) => step.runIds.length)).toEqual([200, 200, 50])
  expect(store.acknowledgements.map(({ entry }) => entry.details)).toEqual(
    store.acknowledgements.map((step) => ({ runIds: [...step.runIds] })),
  )
})
