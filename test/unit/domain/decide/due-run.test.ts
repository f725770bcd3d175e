import { expect, test } from 'vitest'
import { applyFinding, claimRuns, releaseRuns } from '../../../../src/domain/decide/due-run.ts'
import type { Finding } from '../../../../src/domain/finding.ts'
import { EVIDENCE, FILE_ID } from '../../../contract/builders.ts'
import { createMemory, type Memory } from './memory.ts'
import { changeRun, HOOK, submitted } from './submitted.ts'

/** `claim`: the due time that the claim has set. If it is no longer that of the run, the claim was lost. */
function apply(memory: Memory, finding: Finding, claim = 1_500) {
  return memory.run(applyFinding('s1-run-1', finding, 5_000, claim))
}

const TIMED_OUT = { kind: 'timed_out' } as const

test('A finding requests its run and the submission of that run', () => {
  expect(apply(submitted(['remove-bg', 'ai-tasks']), TIMED_OUT).requested).toEqual([
    [['runs', 's1-run-1']],
    [['submissions', 's1']],
  ])
  expect(apply(createMemory(), TIMED_OUT).requested).toEqual([[['runs', 's1-run-1']]])
})

test('Evidence settles the run, and the asset whose status may have changed is returned', () => {
  const { result, updated } = apply(submitted(['remove-bg'], { fileId: FILE_ID }), EVIDENCE)
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

test('Evidence inserts a notification with the body of the finding, but only if the caller has a webhookUrl', () => {
  const { inserted } = apply(submitted(['remove-bg'], { callerWebhookUrl: HOOK }), EVIDENCE)
  expect(inserted.notifications).toMatchObject([
    {
      notificationId: 'msg_s1-run-1',
      target: HOOK,
      body: EVIDENCE.notificationBody,
      createdAt: 5_000,
      dueAt: 5_000,
    },
  ])
  expect(apply(submitted(['remove-bg']), EVIDENCE).inserted).toEqual({})
})

test.each(['timed_out', 'asset_gone'] as const)(
  'A run that expires with %s is no longer due, and its caller is not notified',
  (kind) => {
    const { result, inserted, updated } = apply(submitted(['remove-bg'], { callerWebhookUrl: HOOK }), {
      kind,
    })
    expect(result.applied).toBe(true)
    expect(updated.runs).toMatchObject([
      { status: 'expired', evidence: { kind }, dueAt: null, isOverdue: false, isListed: true },
    ])
    expect(inserted).toEqual({})
  },
)

test.each([7_000, null])('A finding of unchanged sets the due time of its run to %s', (dueAt) => {
  const memory = submitted(['remove-bg'], { fileId: FILE_ID })
  const before = memory.find('runs', 's1-run-1')
  const { result, updated } = apply(memory, { kind: 'unchanged', dueAt })
  expect(result).toEqual({ applied: true, fileId: null })
  // Even without a due time the run stays overdue: it is still pending, and the sweep has already marked it.
  expect(updated).toEqual({ runs: [{ ...before, dueAt, isOverdue: true }] })
})

const findings: Finding[] = [EVIDENCE, TIMED_OUT, { kind: 'asset_gone' }, { kind: 'unchanged', dueAt: 7_000 }]

test.each(findings)(
  'A finding of $kind is not applied if its run needs no check, or is unknown',
  (finding) => {
    const settled = submitted(['remove-bg'])
    changeRun(settled, 's1-run-1', { status: 'success' })
    const notDue = submitted(['remove-bg'])
    changeRun(notDue, 's1-run-1', { status: 'expired', dueAt: null })
    const rejected = submitted(['remove-bg'], { state: 'rejected' })
    for (const memory of [settled, notDue, rejected, createMemory()]) {
      const { result, inserted, updated } = apply(memory, finding)
      expect(result).toEqual({ applied: false, fileId: null })
      expect([inserted, updated]).toEqual([{}, {}])
    }
  },
)

test.each([TIMED_OUT, { kind: 'unchanged', dueAt: 7_000 }] as const)(
  'A finding of $kind is not applied if the claim was lost, because another process may have checked the run since',
  (finding) => {
    const { result, updated } = apply(submitted(['remove-bg'], { fileId: FILE_ID }), finding, 1_499)
    expect(result).toEqual({ applied: false, fileId: null })
    expect(updated).toEqual({})
  },
)

test.each([EVIDENCE, { kind: 'asset_gone' }] as const)(
  'A finding of $kind is applied even if the claim was lost, because it is a fact',
  (finding) => {
    expect(apply(submitted(['remove-bg']), finding, 1_499).result.applied).toBe(true)
  },
)

test('A claim moves the due time only of runs whose due time is still the one that was read, and returns their ids', () => {
  const memory = submitted(['remove-bg', 'ai-tasks', 'google-auto-tagging'])
  changeRun(memory, 's1-run-2', { dueAt: 1_501 })
  changeRun(memory, 's1-run-3', { status: 'success', dueAt: null })
  const dueRuns = ['s1-run-1', 's1-run-2', 's1-run-3', 'gone'].map((runId) => ({ runId, dueAt: 1_500 }))
  const { result, updated } = memory.run(claimRuns(dueRuns, 9_000))
  expect(result).toEqual(['s1-run-1'])
  expect(updated.runs).toMatchObject([{ runId: 's1-run-1', dueAt: 9_000, isOverdue: true }])
})

test('A release gives each run that is still claimed its own due time again', () => {
  const memory = submitted(['remove-bg', 'ai-tasks', 'google-auto-tagging'])
  for (const runId of ['s1-run-1', 's1-run-2']) changeRun(memory, runId, { dueAt: 9_000 })
  const released = [1_100, 1_200, 1_300].map((dueAt, index) => ({ runId: `s1-run-${index + 1}`, dueAt }))
  expect(memory.run(releaseRuns(released, 9_000)).updated.runs).toMatchObject([
    { runId: 's1-run-1', dueAt: 1_100 },
    { runId: 's1-run-2', dueAt: 1_200 },
  ])
})

test('Evidence still settles an expired run that is due again because its file has changed', () => {
  const memory = submitted(['remove-bg'])
  changeRun(memory, 's1-run-1', { status: 'expired', dueAt: 4_000 })
  expect(apply(memory, EVIDENCE).updated.runs).toMatchObject([{ status: 'success' }])
})
