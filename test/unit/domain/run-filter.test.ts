import { describe, expect, test } from 'vitest'
import { EVERY_RUN, matchesGroup, type RunFilter } from '../../../src/domain/run-filter.ts'
import { groupOf } from '../../../src/domain/run-group.ts'
import { aRun, frozen } from './facts.ts'

const GROUP = frozen(groupOf(aRun({ status: 'failed', error: { code: 'E1' } })))

function matches(filter: Partial<RunFilter>): boolean {
  return matchesGroup({ ...EVERY_RUN, ...filter }, GROUP)
}

describe('a filter', () => {
  test('matches every group if it is empty', () => {
    expect(matches({})).toBe(true)
    expect(matchesGroup(EVERY_RUN, groupOf(aRun()))).toBe(true)
  })

  test.each([
    ['status', { status: 'failed' }, { status: 'success' }],
    ['extension', { extension: 'remove-bg' }, { extension: 'remove' }],
    ['cause', { cause: 'E1' }, { cause: '' }],
    ['acknowledged', { acknowledged: false }, { acknowledged: true }],
  ] as const)('checks %s, together with its other conditions', (_, match, mismatch) => {
    expect(matches(match)).toBe(true)
    expect(matches(mismatch)).toBe(false)
    expect(matches({ ...match, status: 'failed', extension: 'remove-bg' })).toBe(true)
    expect(matches({ ...match, status: 'pending' })).toBe(false)
  })

  test('ignores conditions on single runs, such as times and the search text', () => {
    expect(matches({ since: 9, until: 1, q: 'nothing' })).toBe(true)
  })
})

describe('the group of a run', () => {
  test('has a cause only if the run failed', () => {
    expect(GROUP).toEqual({ extension: 'remove-bg', status: 'failed', acknowledged: false, cause: 'E1' })
    expect(groupOf(aRun({ status: 'success', error: { code: 'E1' }, acknowledgedAt: 1 }))).toEqual({
      extension: 'remove-bg',
      status: 'success',
      acknowledged: true,
      cause: '',
    })
  })
})
