import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { recordDelivery } from '../../../../src/domain/decide/delivery.ts'
import { respond } from '../../../../src/domain/decide/response.ts'
import type { NewDelivery } from '../../../../src/domain/delivery.ts'
import type { ExtensionResult } from '../../../../src/domain/extension-result.ts'
import type { NewIds } from '../../../../src/domain/ids.ts'
import { accepted, FILE_ID, newDelivery, unaccepted } from '../../../contract/builders.ts'
import { createMemory, deliveryId, type Memory, noId } from './memory.ts'
import { changeRun, HOOK, numbered, submitted } from './submitted.ts'

const SUCCESS = { service: 'remove-bg', status: 'success' } as const

function deliver(
  memory: Memory,
  reported: Partial<ExtensionResult> = SUCCESS,
  facts: Partial<NewDelivery> = {},
  ids: Partial<NewIds> = {},
) {
  return memory.run(recordDelivery(newDelivery('s1', reported, facts)), ids)
}

describe('the keys of a delivery', () => {
  const BOUND = { state: 'accepted', fileId: FILE_ID } as const
  const ownRun = ['runNamed', 's1', 'remove-bg']
  const submissionOrForgotten = [
    ['submissions', 's1'],
    ['forgotten', 's1'],
  ]
  const detailsAndRuns = [
    ['details', 's1'],
    ['runsOf', 's1'],
  ]

  test('are only its run if the submission is accepted and bound, and the caller has no webhookUrl', () => {
    expect(deliver(submitted(['remove-bg', 'ai-tasks'], BOUND)).requested).toEqual([[ownRun]])
  })

  test('include the submission if the caller has a webhookUrl, because only the submission has the URL', () => {
    const { requested } = deliver(submitted(['remove-bg'], { ...BOUND, callerWebhookUrl: HOOK }))
    expect(requested).toEqual([[ownRun], [['submissions', 's1']]])
  })

  test.each([
    { state: 'submitting' },
    { state: 'unconfirmed' },
    { state: 'accepted', fileId: null },
  ] as const)(
    'include all runs if the submission is %o, because the delivery may bind all of them',
    (facts) => {
      const { requested } = deliver(submitted(['remove-bg', 'ai-tasks'], facts))
      expect(requested).toEqual([[ownRun], submissionOrForgotten, detailsAndRuns])
    },
  )

  test('include all runs if none has the reported name, because one of them may be a placeholder', () => {
    const { requested } = deliver(submitted(['remove-bg'], BOUND), { ...SUCCESS, service: 'ai-tasks' })
    expect(requested.slice(1)).toEqual([submissionOrForgotten, detailsAndRuns])
  })

  test('include all runs of a rejected submission, because all of them may count again', () => {
    const { requested } = deliver(submitted(['remove-bg', 'ai-tasks'], { state: 'rejected' }))
    expect(requested.slice(1)).toEqual([submissionOrForgotten, detailsAndRuns])
  })

  test('are only the submission for a webhook that names no extension', () => {
    expect(deliver(submitted(['remove-bg']), { service: null }).requested).toEqual([[['submissions', 's1']]])
  })

  test('include whether an unknown submission was forgotten', () => {
    expect(deliver(createMemory()).requested.slice(1)).toEqual([submissionOrForgotten])
  })
})

describe('a delivery', () => {
  test('that reports the first result binds its submission and all runs, and is inserted with its outcome', () => {
    const memory = submitted(['remove-bg', 'ai-tasks'])
    const { result, inserted, updated, removed } = deliver(memory)
    expect(result).toEqual({
      deliveryId: deliveryId(1),
      outcome: 'applied',
      cause: null,
      fileId: FILE_ID,
      runId: 's1-run-1',
    })
    expect(updated.submissions).toMatchObject([{ state: 'accepted', fileId: FILE_ID, updatedAt: 2_000 }])
    expect(updated.runs).toMatchObject([
      { runId: 's1-run-1', status: 'success', settledAt: 2_000, settledBy: 1, dueAt: null, isOverdue: false },
      { runId: 's1-run-2', status: 'pending', settledBy: null, dueAt: 1_500 },
    ])
    expect(updated.runs?.map(({ boundTo }) => boundTo)).toEqual([FILE_ID, FILE_ID])
    expect(Object.keys(updated)).toEqual(['submissions', 'runs'])
    expect(inserted).toEqual({
      deliveries: [
        expect.objectContaining({
          deliveryId: deliveryId(1),
          outcome: 'applied',
          cause: null,
          submissionId: 's1',
          runId: 's1-run-1',
          fileId: FILE_ID,
          service: 'remove-bg',
          finalStatus: 'success',
          unclaimedError: null,
        }),
      ],
    })
    expect(removed).toEqual({})
  })

  test('is stored with its headers and its body unchanged', () => {
    const sent = { headers: { 'x-test': '1' }, body: Buffer.from('{"ü":1}') }
    expect(deliver(submitted(['remove-bg']), SUCCESS, sent).inserted.deliveries?.[0]?.sent).toEqual(sent)
  })

  test('changes only its run if its submission is accepted and bound to its file', () => {
    const memory = submitted(['remove-bg'], { state: 'accepted', fileId: FILE_ID })
    expect(Object.keys(deliver(memory).updated)).toEqual(['runs'])
  })

  test('that is repeated inserts its own row and changes no other', () => {
    const memory = submitted(['remove-bg'])
    deliver(memory)
    const { result, inserted, updated } = deliver(memory, SUCCESS, { receivedAt: 3_000 })
    expect(result).toMatchObject({ deliveryId: deliveryId(2), outcome: 'duplicate', runId: 's1-run-1' })
    expect(Object.keys(inserted)).toEqual(['deliveries'])
    expect(updated).toEqual({})
  })

  test('for an extension that was not requested is ignored, but its error is stored for a run that may claim it', () => {
    const reported = { service: 'ai-tasks', status: 'failed', error: { code: 'E1' } } as const
    const { inserted, updated } = deliver(submitted(['remove-bg']), reported)
    expect(inserted.deliveries).toMatchObject([
      { cause: 'not_requested', outcome: 'ignored', unclaimedError: { code: 'E1' } },
    ])
    expect(updated).toEqual({})
  })

  test.each([
    ['its run gets the error', { ...SUCCESS, status: 'failed' as const }],
    ['it names another file', { ...SUCCESS, fileId: 'other' }],
  ])('has no unclaimed error if %s', (_, reported) => {
    const memory = submitted(['remove-bg'], { fileId: FILE_ID })
    const { inserted } = deliver(memory, { ...reported, error: { code: 'E1' } })
    expect(inserted.deliveries).toMatchObject([{ unclaimedError: null }])
  })

  test('is stored with the file that it names, or else with that of its submission', () => {
    const bound = () => submitted(['remove-bg'], { fileId: FILE_ID })
    const fileOf = (reported: Partial<ExtensionResult>) =>
      deliver(bound(), reported).inserted.deliveries?.[0]?.fileId
    expect(fileOf({ ...SUCCESS, fileId: 'other' })).toBe('other')
    expect(fileOf({ ...SUCCESS, fileId: null })).toBe(FILE_ID)
  })

  test('for an unknown submission is rejected, and nothing is written', () => {
    const { result, inserted } = deliver(createMemory(), SUCCESS, {}, { delivery: noId })
    const cause = 'unknown_submission'
    expect(result).toEqual({ deliveryId: null, outcome: 'rejected', cause, fileId: null, runId: null })
    expect(inserted).toEqual({})
  })

  test('for a forgotten submission is recorded without its content', () => {
    const memory = createMemory()
    memory.forget('s1')
    const { result, inserted } = deliver(memory)
    const id = deliveryId(1)
    expect(result).toEqual({
      deliveryId: id,
      outcome: 'ignored',
      cause: 'forgotten',
      fileId: null,
      runId: null,
    })
    expect(inserted.deliveries).toMatchObject([
      { deliveryId: id, cause: 'forgotten', submissionId: null, fileId: null, service: null },
    ])
    expect(inserted.deliveries?.[0]?.sent).toEqual({ headers: {}, body: Buffer.alloc(0) })
  })
})

describe('after a delivery, the runs of its submission', () => {
  const named = { service: 'ai-tasks', status: 'success' } as const

  test('include the named extension, in place of the placeholder', () => {
    const memory = submitted(['remove-bg', 'saved-extension'])
    const { inserted, removed } = deliver(memory, named, {}, { run: numbered('made') })
    expect(inserted.runs).toMatchObject([
      { runId: 'made-1', name: 'ai-tasks', requestedAs: 'saved-extension', isListed: true, settledBy: 1 },
    ])
    expect(inserted.deliveries).toMatchObject([{ runId: 'made-1' }])
    expect(removed.runs).toMatchObject([{ runId: 's1-run-2' }])
  })

  test('are listed again, and due if pending, once a rejected submission is accepted after all', () => {
    const memory = submitted(['remove-bg', 'ai-tasks'], { state: 'rejected' })
    expect(memory.rows.runs.map(({ dueAt, isListed }) => [dueAt, isListed])).toEqual([
      [null, false],
      [null, false],
    ])
    const { updated } = deliver(memory)
    expect(updated.runs).toMatchObject([
      { name: 'remove-bg', status: 'success', dueAt: null, isOverdue: false, isListed: true, settledBy: 1 },
      { name: 'ai-tasks', status: 'pending', dueAt: 2_000, isOverdue: true, isListed: true, settledBy: null },
    ])
  })

  test('stay neither listed nor due if the submission stays rejected', () => {
    const memory = submitted(['remove-bg'], { state: 'rejected', fileId: FILE_ID })
    const { result, updated } = deliver(memory, { ...SUCCESS, fileId: 'other' })
    expect(result.cause).toBe('other_file')
    expect(updated).toEqual({})
  })
})

describe('the notification for a delivery', () => {
  const body = Buffer.from('{"service":"remove-bg"}')

  test('is inserted with the received body, and due at once', () => {
    const { inserted } = deliver(submitted(['remove-bg'], { callerWebhookUrl: HOOK }), SUCCESS, { body })
    expect(inserted.notifications).toEqual([
      {
        notificationId: 'msg_s1-run-1',
        runId: 's1-run-1',
        target: HOOK,
        host: 'caller.example',
        body: body.toString(),
        attempt: 1,
        createdAt: 2_000,
        dueAt: 2_000,
        result: null,
        reason: null,
        attempts: [],
      },
    ])
  })

  test.each<[string, Parameters<typeof submitted>, Partial<ExtensionResult>]>([
    ['a new run that replaces a placeholder', [['saved-extension'], {}], { service: 'ai-tasks' }],
    ['a run of a rejected submission', [['remove-bg'], { state: 'rejected' }], SUCCESS],
  ])('is also inserted for %s', (_, [names, facts], reported) => {
    const memory = submitted(names, { ...facts, callerWebhookUrl: HOOK })
    const { inserted, result } = deliver(
      memory,
      { ...SUCCESS, ...reported },
      { body },
      { run: numbered('made') },
    )
    expect(inserted.notifications).toMatchObject([
      { notificationId: `msg_${result.runId}`, runId: result.runId, body: body.toString() },
    ])
  })

  test('is inserted once, whatever is reported later', () => {
    const statuses = fc.array(fc.constantFrom<'success' | 'failed'>('success', 'failed'), { minLength: 1 })
    fc.assert(
      fc.property(statuses, (statusList) => {
        const memory = submitted(['remove-bg'], { callerWebhookUrl: HOOK })
        for (const status of statusList) deliver(memory, { ...SUCCESS, status })
        expect(memory.rows.notifications).toHaveLength(1)
      }),
    )
  })

  test('is not inserted without a webhookUrl of the caller', () => {
    expect(deliver(submitted(['remove-bg'])).inserted.notifications).toBeUndefined()
  })
})

describe('a replay', () => {
  const replayOf = deliveryId(7)
  const replay = (memory: Memory) => deliver(memory, SUCCESS, { replayOf }, { delivery: noId })

  test('is applied with its old id, and is no longer among the rejected deliveries', () => {
    const memory = submitted(['remove-bg'])
    memory.put('rejected', { deliveryId: replayOf, cause: 'bad_signature' })
    const { requested, result, inserted, removed } = replay(memory)
    expect(requested[0]).toContainEqual(['rejected', replayOf])
    expect(result.deliveryId).toBe(replayOf)
    expect(inserted.deliveries).toMatchObject([{ deliveryId: replayOf, outcome: 'applied' }])
    expect(removed.rejected).toEqual([{ deliveryId: replayOf, cause: 'bad_signature' }])
  })

  test('of a delivery that was already replayed throws unprocessable', () => {
    const memory = submitted(['remove-bg'])
    memory.put('rejected', { deliveryId: replayOf, cause: 'bad_signature' })
    replay(memory)
    expect(() => replay(memory)).toThrow(expect.objectContaining({ code: 'unprocessable' }))
  })

  test('for a submission that is still unknown stays rejected', () => {
    const memory = createMemory()
    memory.put('rejected', { deliveryId: replayOf, cause: 'unknown_submission' })
    const { result, inserted, removed } = replay(memory)
    expect(result.outcome).toBe('rejected')
    expect([inserted, removed]).toEqual([{}, {}])
  })
})

test('After any webhooks and responses in any order, each run is listed, due and bound as its submission requires, and names the delivery that settled it', () => {
  const status = fc.constantFrom<'success' | 'failed'>('success', 'failed')
  const service = fc.constantFrom('remove-bg', 'ai-tasks', 'google-auto-tagging')
  const fact = fc.oneof(
    fc.record({ service, status, fileId: fc.constantFrom(null, FILE_ID, 'other') }),
    fc.constantFrom(
      unaccepted('rejected'),
      unaccepted('unconfirmed'),
      accepted({ 'ai-tasks': 'pending' }, { fileId: null }),
      accepted({ 'remove-bg': 'failed' }),
    ),
  )
  fc.assert(
    fc.property(fc.array(fact, { maxLength: 8 }), (facts) => {
      const memory = submitted(['remove-bg', 'saved-extension'], { callerWebhookUrl: HOOK })
      const ids = { run: numbered('made') }
      for (const one of facts) {
        if ('kind' in one) memory.run(respond({ submissionId: 's1', response: one, at: 2_000 }), ids)
        else deliver(memory, one, {}, ids)
        const row = memory.find('submissions', 's1')
        const isRejected = row?.state === 'rejected'
        const boundTo = row?.state === 'accepted' ? row.fileId : null
        for (const run of memory.rows.runs) {
          expect(run).toMatchObject({ boundTo, notifiesCaller: true })
          expect(run.isListed).toBe(!isRejected)
          const mayBeDue = !isRejected && run.status === 'pending'
          // A new run is due if a sibling is, but all siblings may have settled; and a new run that is due need not be overdue. So neither
          // is checked for a new pending run.
          const isNew = run.runId.startsWith('made')
          if (!mayBeDue || !isNew) expect([run.dueAt !== null, run.isOverdue]).toEqual([mayBeDue, mayBeDue])
          expect(run.settledBy !== null).toBe(run.source === 'webhook')
          const settling = memory.find('deliveries', deliveryId(run.settledBy ?? 0))
          expect(settling?.runId ?? null).toBe(run.source === 'webhook' ? run.runId : null)
        }
      }
    }),
  )
})

test.each([
  { dueAt: null, isOverdue: false },
  { dueAt: null, isOverdue: true },
  { dueAt: 4_000, isOverdue: false },
  { dueAt: 4_000, isOverdue: true },
])('A run with %j is neither due nor overdue once a delivery has settled it', (dueFields) => {
  const memory = submitted(['remove-bg'])
  changeRun(memory, 's1-run-1', dueFields)
  const after = { dueAt: null, isOverdue: false, isListed: true }
  expect(deliver(memory).updated.runs).toMatchObject([after])
})

test('A run stays settled by its first delivery, whatever later ones report', () => {
  const memory = submitted(['remove-bg'])
  deliver(memory)
  for (const status of ['success', 'failed'] as const) deliver(memory, { ...SUCCESS, status })
  expect(memory.find('runs', 's1-run-1')).toMatchObject({ settledBy: 1, contradicted: true })
  expect(memory.rows.deliveries.map(({ runId }) => runId)).toEqual(['s1-run-1', 's1-run-1', 's1-run-1'])
})
