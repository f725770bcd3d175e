import { expect, test } from 'vitest'
import type { Run } from '../../../src/domain/run.ts'
import { EVERY_RUN, type ListedRun, type RunFilter } from '../../../src/domain/run-filter.ts'
import { groupOf } from '../../../src/domain/run-group.ts'
import { countMatchingRuns } from '../../../src/tracking/operators/list-run-groups.ts'
import { aRun } from '../domain/facts.ts'

function failed(runId: string, code: string, facts: Partial<Run> = {}): ListedRun {
  const run = aRun({ runId, status: 'failed', error: { code }, ...facts })
  return { run, fileId: null, fileName: null, kind: 'upload' }
}

/**
 * A store with these runs, which counts groups, and lists runs by the filter's `cause` and `contradicted` alone. `pagesRead` returns
 * how many pages of the list were read.
 */
function storeOf(runs: readonly ListedRun[]) {
  const groups = runs.map(({ run }) => ({ ...groupOf(run), count: 1 }))
  let pagesRead = 0
  return {
    pagesRead: () => pagesRead,
    readStats: async () => ({ groups, counters: [], byHour: [] }),
    async listRuns({ cause, contradicted }: RunFilter) {
      pagesRead += 1
      const matching = runs
        .filter(({ run }) => cause === null || groupOf(run).cause === cause)
        .filter(({ run }) => contradicted === null || run.contradicted)
      return { runs: matching, next: null }
    },
  }
}

test('If the filter matches whole groups, and names no rare cause, the runs are counted without reading the list', async () => {
  const store = storeOf([failed('run-1', 'E1'), failed('run-2', 'E1'), failed('run-3', 'E2')])
  expect(await countMatchingRuns({ store }, { ...EVERY_RUN, cause: 'E1' })).toMatchObject({
    groups: [{ cause: 'E1', count: 2 }],
    total: 2,
    isComplete: true,
  })
  expect(store.pagesRead()).toBe(0)
})

test('Runs that a webhook has contradicted are counted one by one, from the list', async () => {
  const store = storeOf([failed('run-1', 'E1'), failed('run-2', 'E1', { contradicted: true })])
  const counted = await countMatchingRuns({ store }, { ...EVERY_RUN, contradicted: true })
  expect(counted).toMatchObject({ groups: [{ cause: 'E1', count: 1 }], total: 1 })
  expect(store.pagesRead()).toBe(1)
})

test('If the filter names a cause that is too rare to be shown, its runs are also counted one by one, under that cause', async () => {
  // 105 causes occur twice each. The 100 most frequent causes are shown, so `rare`, which occurs once, is not.
  const many = Array.from({ length: 210 }, (_, index) => failed(`run-${index}`, `E${index % 105}`))
  const store = storeOf([...many, failed('rare', 'rare')])
  const counted = await countMatchingRuns({ store }, { ...EVERY_RUN, cause: 'rare' })
  expect(counted).toMatchObject({ groups: [{ cause: 'rare', count: 1 }], total: 1, isComplete: true })
  expect(store.pagesRead()).toBe(1)
})
