import { expect, test } from 'vitest'
import { acknowledgeRuns, unacknowledgeRun } from '../../../../src/domain/decide/acknowledgement.ts'
import { anAuditEntry, FILE_ID } from '../../../contract/builders.ts'
import { changeRun, submitted } from './submitted.ts'

const ENTRY = anAuditEntry({ at: 9_000 })

test('Runs that are not pending are acknowledged at the time of the audit entry, and the entry is recorded', () => {
  const memory = submitted(['a', 'b', 'c', 'd'], { fileId: FILE_ID })
  const statuses = ['success', 'failed', 'expired', 'pending'] as const
  for (const [index, status] of statuses.entries()) changeRun(memory, `s1-run-${index + 1}`, { status })
  const ids = ['s1-run-3', 's1-run-4', 's1-run-1', 's1-run-2']
  const { result, updated, other } = memory.run(acknowledgeRuns(ids, ENTRY))
  expect(memory.rows.runs.map(({ acknowledgedAt }) => acknowledgedAt)).toEqual([9_000, 9_000, 9_000, null])
  expect(updated.runs).toHaveLength(3)
  expect(result.map(({ run }) => run.runId)).toEqual(['s1-run-3', 's1-run-1', 's1-run-2'])
  expect(result[0]).toMatchObject({ fileId: FILE_ID, fileName: 'cat.png', kind: 'upload' })
  expect(result[0]?.run).toMatchObject({ acknowledgedAt: 9_000 })
  expect(other).toEqual({ auditEntries: [ENTRY] })
})

test('The returned run lacks the fields that only its row has, such as the due time', () => {
  const memory = submitted(['a'])
  changeRun(memory, 's1-run-1', { status: 'failed' })
  const [listed] = memory.run(acknowledgeRuns(['s1-run-1'], ENTRY)).result
  expect(listed?.run).not.toHaveProperty('dueAt')
  expect(listed?.run).not.toHaveProperty('isListed')
})

test('A run that is named twice is acknowledged and returned once', () => {
  const memory = submitted(['a'])
  changeRun(memory, 's1-run-1', { status: 'failed' })
  const { requested, result } = memory.run(acknowledgeRuns(['s1-run-1', 's1-run-1'], ENTRY))
  expect(result).toHaveLength(1)
  expect(requested).toEqual([[['runs', 's1-run-1']], [['submissions', 's1']]])
})

test('If no run can be acknowledged, nothing is written or audited', () => {
  for (const ids of [['s1-run-1'], ['nowhere'], []]) {
    const { other, updated, result } = submitted(['a']).run(acknowledgeRuns(ids, ENTRY))
    expect([other, updated, result]).toEqual([undefined, {}, []])
  }
})

test('A revoked acknowledgement is audited, and the run is returned', () => {
  const memory = submitted(['a'], { fileId: FILE_ID })
  changeRun(memory, 's1-run-1', { status: 'failed', acknowledgedAt: 9_000 })
  const { result, updated, other } = memory.run(unacknowledgeRun('s1-run-1', ENTRY))
  expect(result).toMatchObject({ fileId: FILE_ID, run: { runId: 's1-run-1', acknowledgedAt: null } })
  expect(updated.runs).toMatchObject([{ runId: 's1-run-1', acknowledgedAt: null }])
  expect(other).toEqual({ auditEntries: [ENTRY] })
})

test('For a run that is not acknowledged, or unknown, nothing is revoked or audited', () => {
  const { result, updated, other } = submitted(['a']).run(unacknowledgeRun('s1-run-1', ENTRY))
  expect(result?.run.runId).toBe('s1-run-1')
  expect([updated, other]).toEqual([{}, undefined])
  const unknown = submitted(['a']).run(unacknowledgeRun('nowhere', ENTRY))
  expect([unknown.result, unknown.updated, unknown.other]).toEqual([undefined, {}, undefined])
})
