import { describe, expect, test } from 'vitest'
import {
  EVERY_RUN,
  type ListedRun,
  type RunFilter,
  wantsGroup,
  wantsRun,
} from '../../../src/domain/run-filter.ts'
import { groupOf } from '../../../src/domain/run-group.ts'
import { aRun, frozen } from './facts.ts'

const RUN = aRun({ status: 'failed', requestedAt: 5_000, error: { code: 'E1' } })
const LISTED: ListedRun = frozen({ run: RUN, fileId: 'file-1', fileName: 'Cat.png', kind: 'upload' })

function wants(filter: Partial<RunFilter>, listed = LISTED): boolean {
  return wantsRun({ ...EVERY_RUN, ...filter }, listed)
}

describe('a filter', () => {
  test('asks for every run where it names nothing', () => {
    expect(wants({})).toBe(true)
    expect(wantsGroup(EVERY_RUN, groupOf(aRun()))).toBe(true)
  })

  test.each([
    ['status', { status: 'failed' }, { status: 'success' }],
    ['extension', { extension: 'remove-bg' }, { extension: 'remove' }],
    ['cause', { cause: 'E1' }, { cause: '' }],
    ['acknowledged', { acknowledged: false }, { acknowledged: true }],
    ['since', { since: 5_000 }, { since: 5_001 }],
    ['until', { until: 5_001 }, { until: 5_000 }],
    ['q', { q: 'cat' }, { q: 'at' }],
  ] as const)('asks for the %s that it names, and for all else that it names too', (_, match, miss) => {
    expect(wants(match)).toBe(true)
    expect(wants(miss)).toBe(false)
    expect(wants({ ...match, status: 'failed', extension: 'remove-bg', until: 5_001 })).toBe(true)
    expect(wants({ ...match, status: 'pending' })).toBe(false)
  })

  test.each(['run-1', 'submission-1', 'file-1'])('finds the whole id %s, and no part of it', (id) => {
    expect(wants({ q: id })).toBe(true)
    expect(wants({ q: id.toUpperCase() })).toBe(false)
    expect(wants({ q: id.slice(0, -1) })).toBe(false)
    expect(wants({ q: `${id} ` })).toBe(false)
  })

  test.each([
    ['cAT.P', 'Cat.png', true],
    ['Cat.png', 'cat.png', true],
    ['cat.png2', 'Cat.png', false],
    ['ä', 'Äpfel', false],
    ['Ä', 'Äpfel', true],
    ['%', 'cat', false],
    ['k', '\u212Aelvin', false],
    ['x', null, false],
    ['', 'anything', true],
  ])('finds with %j the name %j: %s', (q, fileName, isFound) => {
    expect(wants({ q }, { ...LISTED, fileName })).toBe(isFound)
  })

  test('goes by the group in which the run is, where the store has bounded the causes', () => {
    const other = { ...groupOf(RUN), cause: 'other' }
    expect(wantsRun({ ...EVERY_RUN, cause: 'other' }, LISTED, other)).toBe(true)
    expect(wantsRun({ ...EVERY_RUN, cause: 'E1' }, LISTED, other)).toBe(false)
  })
})

describe('the group of a run', () => {
  test('has a cause only where it has failed', () => {
    expect(groupOf(RUN)).toEqual({
      extension: 'remove-bg',
      status: 'failed',
      acknowledged: false,
      cause: 'E1',
    })
    expect(groupOf(aRun({ status: 'success', error: { code: 'E1' }, acknowledgedAt: 1 }))).toEqual({
      extension: 'remove-bg',
      status: 'success',
      acknowledged: true,
      cause: '',
    })
  })
})
