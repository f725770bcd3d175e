import { expect, test } from 'vitest'
import { applyFinding } from '../../../../src/domain/decide/finding.ts'
import type { Finding } from '../../../../src/domain/finding.ts'
import { EVIDENCE, FILE_ID } from '../../../contract/facts.ts'
import { createMemory, type Memory } from './deciding.ts'
import { changeRun, HOOK, submitted } from './known.ts'

function find(memory: Memory, finding: Finding) {
  return memory.run(applyFinding('s1-run-1', finding, 5_000))
}

const NO_WORD = { kind: 'timed_out' } as const

test('A finding asks for its run and the submission of that run', () => {
  expect(find(submitted(['remove-bg', 'ai-tasks']), NO_WORD).asked).toEqual([
    [['runs', 's1-run-1']],
    [['submissions', 's1']],
  ])
  expect(find(createMemory(), NO_WORD).asked).toEqual([[['runs', 's1-run-1']]])
})

test('Evidence settles the run, and names the asset whose status has changed', () => {
  const { result, updated } = find(submitted(['remove-bg'], { fileId: FILE_ID }), EVIDENCE)
  expect(result).toEqual({ applied: true, fileId: FILE_ID })
  expect(updated.runs).toMatchObject([
    {
      status: 'success',
      source: 'reconcile',
      settledAt: 5_000,
      dueAt: null,
      isOverdue: false,
      isListed: true,
      settledBy: null,
    },
  ])
  expect(Object.keys(updated)).toEqual(['runs'])
})

test('Evidence about a run whose caller has a webhookUrl inserts a notification with its notice', () => {
  const { inserted } = find(submitted(['remove-bg'], { callerWebhookUrl: HOOK }), EVIDENCE)
  expect(inserted.notifications).toMatchObject([
    { notificationId: 'msg_s1-run-1', target: HOOK, body: EVIDENCE.notice, createdAt: 5_000, dueAt: 5_000 },
  ])
  expect(find(submitted(['remove-bg']), EVIDENCE).inserted).toEqual({})
})

test.each(['timed_out', 'asset_gone'] as const)('A run that expires with %s is due no more', (kind) => {
  const { result, inserted, updated } = find(submitted(['remove-bg'], { callerWebhookUrl: HOOK }), { kind })
  expect(result.applied).toBe(true)
  expect(updated.runs).toMatchObject([
    { status: 'expired', evidence: { kind }, dueAt: null, isOverdue: false, isListed: true },
  ])
  expect(inserted).toEqual({})
})

test.each([7_000, null])('A run of which nothing was found is due again at %s', (dueAt) => {
  const memory = submitted(['remove-bg'], { fileId: FILE_ID })
  const before = memory.find('runs', 's1-run-1')
  const { result, updated } = find(memory, { kind: 'unchanged', dueAt })
  expect(result).toEqual({ applied: true, fileId: null })
  // Not due, it still is overdue: it is pending, and the sweep has passed it.
  expect(updated).toEqual({ runs: [{ ...before, dueAt, isOverdue: true }] })
})

const findings: Finding[] = [EVIDENCE, NO_WORD, { kind: 'asset_gone' }, { kind: 'unchanged', dueAt: 7_000 }]

test.each(findings)('A finding of $kind is not applied where nothing is in question', (finding) => {
  const settled = submitted(['remove-bg'])
  changeRun(settled, 's1-run-1', { status: 'success' })
  const notDue = submitted(['remove-bg'])
  changeRun(notDue, 's1-run-1', { status: 'expired', dueAt: null })
  const rejected = submitted(['remove-bg'], { state: 'rejected' })
  for (const memory of [settled, notDue, rejected, createMemory()]) {
    const { result, inserted, updated } = find(memory, finding)
    expect(result).toEqual({ applied: false, fileId: null })
    expect([inserted, updated]).toEqual([{}, {}])
  }
})

test('Evidence still settles an expired run that is due again because its file has changed', () => {
  const memory = submitted(['remove-bg'])
  changeRun(memory, 's1-run-1', { status: 'expired', dueAt: 4_000 })
  expect(find(memory, EVIDENCE).updated.runs).toMatchObject([{ status: 'success' }])
})
