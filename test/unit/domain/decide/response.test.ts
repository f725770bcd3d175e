import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { recordAccountDelivery } from '../../../../src/domain/decide/account-event.ts'
import { recordDelivery } from '../../../../src/domain/decide/delivery.ts'
import { claimIdempotencyKey } from '../../../../src/domain/decide/idempotency.ts'
import { respond } from '../../../../src/domain/decide/response.ts'
import type { ExtensionResult } from '../../../../src/domain/extension-result.ts'
import { numberOf } from '../../../../src/domain/ids.ts'
import type { UploadResponse } from '../../../../src/domain/upload-response.ts'
import {
  accepted,
  BASELINE,
  FILE_ID,
  newAccountDelivery,
  newDelivery,
  unaccepted,
} from '../../../contract/builders.ts'
import { createMemory, type Memory, noId } from './memory.ts'
import { changeRun, HOOK, numbered, submitted } from './submitted.ts'

/** ImageKit's response to an upload that it has queued: it names no file. */
const QUEUED = accepted({ 'remove-bg': 'pending' }, { fileId: null, fileName: null })
const CALLER_RESPONSE = { status: 200, headers: {}, body: '{}' }

function respondTo(memory: Memory, response: UploadResponse, newRunId = noId, at = 4_000) {
  return memory.run(respond({ submissionId: 's1', response, at }), { run: newRunId })
}

/** Returns the delivery's id. */
function deliver(memory: Memory, reported: Partial<ExtensionResult>, body = '{}'): string {
  const delivery = newDelivery('s1', reported, { body: Buffer.from(body) })
  return memory.run(recordDelivery(delivery)).result.deliveryId ?? ''
}

/** Records the event about the end of an upload, before its submission has the request id. Returns the delivery's id. */
function recordUploadEnd(memory: Memory, end: UploadResponse & { kind: 'accepted' | 'rejected' }): string {
  const requestId = end.requestId ?? 'request-1'
  const event = { kind: 'upload_finished', eventId: null, type: 'upload', requestId, response: end } as const
  const { outcome, deliveryId } = memory.run(recordAccountDelivery(newAccountDelivery(event))).result
  expect(outcome).toBe('ignored')
  return deliveryId ?? ''
}

describe('a response', () => {
  test('is recorded with its time and baseline, and the changed submission is returned', () => {
    const memory = submitted(['remove-bg'])
    const { result, updated, inserted } = respondTo(memory, accepted({}, { baseline: BASELINE }))
    expect(result).toMatchObject({
      result: 'applied',
      submission: {
        state: 'accepted',
        fileId: FILE_ID,
        baseline: BASELINE,
        extensions: [{ name: 'remove-bg' }],
      },
    })
    expect(result.submission).not.toHaveProperty('respondedAt')
    expect(updated.submissions).toMatchObject([{ fileId: FILE_ID, respondedAt: 4_000, updatedAt: 4_000 }])
    expect(updated.details).toMatchObject([{ submissionId: 's1', baseline: BASELINE }])
    expect(updated.runs).toMatchObject([{ boundTo: FILE_ID, notifiesCaller: false }])
    expect(Object.keys(updated)).toEqual(['submissions', 'details', 'runs'])
    expect(inserted).toEqual({})
  })

  test('without a baseline does not rewrite the details', () => {
    expect(respondTo(submitted(['remove-bg']), accepted({})).updated.details).toBeUndefined()
  })

  test('that is repeated changes nothing, and keeps the time of the first', () => {
    const memory = submitted(['remove-bg'])
    respondTo(memory, accepted({ 'remove-bg': 'pending' }))
    const { result, inserted, updated } = respondTo(memory, accepted({ 'remove-bg': 'pending' }), noId, 5_000)
    expect([result.result, inserted, updated]).toEqual(['applied', {}, {}])
  })

  test('that changes nothing else still sets respondedAt', () => {
    const memory = submitted(['remove-bg'])
    deliver(memory, { service: 'remove-bg', status: 'success' })
    const same = accepted({}, { fileName: null, requestId: null })
    expect(respondTo(memory, same).updated.submissions).toMatchObject([
      { respondedAt: 4_000, updatedAt: 2_000 },
    ])
  })

  test('does not change the time of an earlier response', () => {
    const memory = submitted(['remove-bg'])
    respondTo(memory, unaccepted('unconfirmed'))
    expect(respondTo(memory, accepted({}), noId, 5_000).updated.submissions).toMatchObject([
      { state: 'accepted', respondedAt: 4_000, updatedAt: 5_000 },
    ])
  })

  test('for an unknown submission throws not_found', () => {
    expect(() => respondTo(createMemory(), accepted({}))).toThrow(
      expect.objectContaining({ code: 'not_found' }),
    )
  })

  test('inserts runs for names that were not requested, due with their siblings', () => {
    const { inserted } = respondTo(
      submitted(['remove-bg']),
      accepted({ 'ai-tasks': 'pending' }),
      numbered('made'),
    )
    expect(inserted.runs).toMatchObject([{ runId: 'made-1', name: 'ai-tasks', dueAt: 1_500, isListed: true }])
  })

  test('inserts runs without a due time if no sibling is due', () => {
    const response = accepted({ 'ai-tasks': 'pending' })
    const notDue = submitted(['remove-bg'])
    changeRun(notDue, 's1-run-1', { dueAt: null, isOverdue: false })
    for (const memory of [submitted([]), notDue])
      expect(respondTo(memory, response, numbered('made')).inserted.runs).toMatchObject([
        { dueAt: null, isOverdue: false, isListed: true, settledBy: null },
      ])
  })

  test('settles runs, which then are neither due nor overdue, and have no settling delivery', () => {
    const { updated } = respondTo(submitted(['remove-bg']), accepted({ 'remove-bg': 'success' }))
    expect(updated.runs).toMatchObject([
      { status: 'success', dueAt: null, isOverdue: false, settledBy: null },
    ])
  })

  test('that names what a saved extension stands for replaces the placeholder', () => {
    const memory = submitted(['saved-extension'])
    const { inserted, removed } = respondTo(memory, accepted({ 'ai-tasks': 'pending' }), numbered('made'))
    expect(inserted.runs).toMatchObject([{ name: 'ai-tasks', requestedAs: 'saved-extension' }])
    expect(removed.runs).toMatchObject([{ runId: 's1-run-1' }])
  })

  test('inserts no notification for a run that it settles itself', () => {
    const memory = submitted(['remove-bg'], { callerWebhookUrl: HOOK })
    expect(respondTo(memory, accepted({ 'remove-bg': 'success' })).inserted).toEqual({})
  })
})

describe('the runs of a rejected submission', () => {
  test('are neither due nor listed', () => {
    const { updated } = respondTo(submitted(['remove-bg', 'ai-tasks']), unaccepted('rejected'))
    expect(updated.runs).toMatchObject([
      { name: 'remove-bg', status: 'pending', dueAt: null, isOverdue: false, isListed: false },
      { name: 'ai-tasks', status: 'pending', dueAt: null, isOverdue: false, isListed: false },
    ])
  })

  test('count again, and are due at once if pending, when it is accepted after all', () => {
    const memory = submitted(['remove-bg', 'ai-tasks'])
    respondTo(memory, unaccepted('rejected'))
    const response = accepted({ 'remove-bg': 'success', 'aws-auto-tagging': 'pending' })
    const { inserted, updated } = respondTo(memory, response, numbered('made'), 6_000)
    expect(updated.runs).toMatchObject([
      { name: 'remove-bg', status: 'success', dueAt: null, isOverdue: false, isListed: true },
      { name: 'ai-tasks', status: 'pending', dueAt: 6_000, isOverdue: true, isListed: true },
    ])
    expect(inserted.runs).toMatchObject([
      { name: 'aws-auto-tagging', dueAt: 6_000, isOverdue: true, isListed: true },
    ])
  })

  test('differ from those of an unconfirmed submission, which do not change', () => {
    expect(respondTo(submitted(['remove-bg']), unaccepted('unconfirmed')).updated.runs).toBeUndefined()
  })
})

describe('unclaimed deliveries', () => {
  const FAILURE = { service: 'ai-tasks', status: 'failed', error: { code: 'E1' } } as const

  test('are claimed by the run that the response adds, which takes over the error', () => {
    const memory = submitted([])
    const deliveryId = deliver(memory, FAILURE)
    const { inserted, updated } = respondTo(memory, accepted({ 'ai-tasks': 'pending' }), numbered('made'))
    expect(inserted.runs).toMatchObject([
      { status: 'failed', error: { code: 'E1' }, settledAt: 2_000, settledBy: numberOf(deliveryId) },
    ])
    expect(updated.deliveries).toMatchObject([
      { deliveryId, runId: 'made-1', outcome: 'applied', cause: null, unclaimedError: null },
    ])
  })

  test('are claimed in order of arrival, the later ones as duplicates or contradictions', () => {
    const memory = submitted([])
    const ids = [FAILURE, FAILURE, { ...FAILURE, status: 'success' } as const].map((reported) =>
      deliver(memory, reported),
    )
    const { inserted, updated } = respondTo(memory, accepted({ 'ai-tasks': 'pending' }), numbered('made'))
    expect(updated.deliveries?.map(({ deliveryId, outcome, runId }) => [deliveryId, outcome, runId])).toEqual(
      [
        [ids[0], 'applied', 'made-1'],
        [ids[1], 'duplicate', 'made-1'],
        [ids[2], 'contradicted', 'made-1'],
      ],
    )
    expect(inserted.runs).toMatchObject([{ settledBy: numberOf(ids[0] ?? '') }])
  })

  test.each([
    ['for another extension', { ...FAILURE, service: 'aws-auto-tagging' }],
    ['for another file', { ...FAILURE, fileId: 'other' }],
  ])('%s stay unclaimed', (_, reported) => {
    const memory = submitted([])
    deliver(memory, reported)
    const { updated } = respondTo(memory, accepted({ 'ai-tasks': 'pending' }), numbered('made'))
    expect(updated.deliveries).toBeUndefined()
  })

  test('for one run notify its caller once, with the body of the first', () => {
    const memory = submitted([], { callerWebhookUrl: HOOK })
    deliver(memory, FAILURE, '{"first":1}')
    deliver(memory, { ...FAILURE, status: 'success' }, '{"second":2}')
    const { inserted } = respondTo(memory, accepted({ 'ai-tasks': 'pending' }), numbered('made'))
    expect(inserted.notifications).toMatchObject([
      { notificationId: 'msg_made-1', body: '{"first":1}', createdAt: 4_000, dueAt: 4_000 },
    ])
  })

  test('are not claimed again by a repeated response', () => {
    const memory = submitted([])
    deliver(memory, FAILURE)
    respondTo(memory, accepted({ 'ai-tasks': 'pending' }), numbered('made'))
    const again = respondTo(memory, accepted({ 'ai-tasks': 'pending' }))
    expect([again.inserted, again.updated]).toEqual([{}, {}])
  })
})

describe('the keys of a response', () => {
  const stateKeys = [
    ['submissions', 's1'],
    ['details', 's1'],
    ['runsOf', 's1'],
  ]

  test('are the submission with its runs and, if the response has a request id, earlier events about its upload; nothing more if all names are known', () => {
    const { requested } = respondTo(submitted(['remove-bg']), accepted({ 'remove-bg': 'pending' }))
    expect(requested).toEqual([[...stateKeys, ['uploadEndsOf', 'request-1']]])
    expect(respondTo(submitted([]), unaccepted('rejected')).requested).toEqual([stateKeys])
  })

  test('include the unclaimed deliveries for the names that the response adds, and for no others', () => {
    const response = accepted({ 'remove-bg': 'pending', 'ai-tasks': 'pending' }, { requestId: null })
    const { requested } = respondTo(submitted(['remove-bg']), response, numbered('made'))
    expect(requested).toEqual([stateKeys, [['unclaimedOf', 's1', 'ai-tasks']]])
  })

  test('include the body of a delivery only if the caller is notified with it', () => {
    for (const callerWebhookUrl of [HOOK, null]) {
      const memory = submitted([], { callerWebhookUrl })
      const first = deliver(memory, { service: 'ai-tasks', status: 'success' })
      deliver(memory, { service: 'ai-tasks', status: 'success' })
      const { requested } = respondTo(memory, accepted({ 'ai-tasks': 'pending' }), numbered('made'))
      const bodies = requested.flat().filter(([kind]) => kind === 'bodies')
      expect(bodies).toEqual(callerWebhookUrl === null ? [] : [['bodies', first]])
    }
  })
})

describe('an event about the end of an upload, received before the response,', () => {
  const END = accepted({ 'ai-tasks': 'success' }, { baseline: BASELINE })

  test('is claimed and applied after the response', () => {
    const memory = submitted(['remove-bg'])
    const deliveryId = recordUploadEnd(memory, END)
    const { result, inserted, updated } = respondTo(memory, QUEUED, numbered('made'))
    expect(result).toMatchObject({ result: 'applied', submission: { state: 'accepted', fileId: FILE_ID } })
    expect(inserted.runs).toMatchObject([{ name: 'ai-tasks', status: 'success', dueAt: null }])
    expect(updated.submissions).toMatchObject([{ fileId: FILE_ID, respondedAt: 4_000 }])
    expect(updated.details).toMatchObject([{ baseline: BASELINE }])
    expect(updated.deliveries).toMatchObject([
      { deliveryId, outcome: 'applied', submissionId: 's1', fileId: FILE_ID, unclaimedRequestId: null },
    ])
  })

  test('that reports a failure rejects the queued upload', () => {
    const memory = submitted(['remove-bg'])
    recordUploadEnd(memory, { ...unaccepted('rejected'), kind: 'rejected', requestId: 'request-1' } as never)
    const { updated } = respondTo(memory, QUEUED)
    expect(updated.submissions).toMatchObject([{ state: 'rejected', requestId: 'request-1' }])
    expect(updated.runs).toMatchObject([{ dueAt: null, isListed: false }])
  })

  test('is the only one that is claimed if it ends the upload: a later one stays unclaimed', () => {
    const memory = submitted([])
    const [first] = [recordUploadEnd(memory, END), recordUploadEnd(memory, END)]
    expect(respondTo(memory, QUEUED, numbered('made')).updated.deliveries).toMatchObject([
      { deliveryId: first },
    ])
  })

  test('without a baseline does not end the upload, so that the next one is claimed, too', () => {
    const memory = submitted([])
    const withoutBaseline = { ...END, baseline: null }
    const ids = [recordUploadEnd(memory, withoutBaseline), recordUploadEnd(memory, END)]
    const { updated } = respondTo(memory, QUEUED, numbered('made'))
    expect(updated.deliveries?.map(({ deliveryId, outcome }) => [deliveryId, outcome])).toEqual([
      [ids[0], 'applied'],
      [ids[1], 'applied'],
    ])
  })

  test('is not claimed by a response that has a baseline itself, or another request id', () => {
    for (const response of [accepted({}, { baseline: BASELINE }), { ...QUEUED, requestId: 'request-2' }]) {
      const memory = submitted(['remove-bg'])
      recordUploadEnd(memory, END)
      expect(respondTo(memory, response).updated.deliveries).toBeUndefined()
    }
  })

  test('adds runs, which claim the unclaimed deliveries for them', () => {
    const memory = submitted(['remove-bg'], { callerWebhookUrl: HOOK })
    const earlyId = deliver(memory, { service: 'ai-tasks', status: 'success' }, '{"early":1}')
    recordUploadEnd(memory, { ...END, extensionStatus: { 'ai-tasks': 'pending' } })
    const { inserted, updated } = respondTo(memory, QUEUED, numbered('made'))
    expect(updated.deliveries).toContainEqual(
      expect.objectContaining({ deliveryId: earlyId, outcome: 'applied' }),
    )
    expect(inserted.notifications).toMatchObject([{ body: '{"early":1}' }])
  })
})

describe('the idempotency key of a response', () => {
  const claim = { scope: 'key-1', nonce: 'own' }
  const key = { ...claim, response: CALLER_RESPONSE }
  const stepFor = (response: UploadResponse) => respond({ submissionId: 's1', response, at: 4_000, key })
  const step = stepFor(accepted({}))

  test.each([accepted({}), unaccepted('unconfirmed')])(
    'gets the response to the caller, to be repeated, if ImageKit’s response is $kind',
    (response) => {
      const memory = submitted([])
      memory.run(claimIdempotencyKey(claim, 900))
      const { requested, updated } = memory.run(stepFor(response))
      expect(requested[0]).toContainEqual(['claims', 'key-1'])
      expect(updated.claims).toMatchObject([{ scope: 'key-1', claimedAt: 900, response: CALLER_RESPONSE }])
    },
  )

  test('that was released meanwhile stays free', () => {
    const { inserted, updated } = submitted([]).run(step)
    expect([inserted.claims, updated.claims]).toEqual([undefined, undefined])
  })

  test('that another request has claimed meanwhile does not get the response', () => {
    const memory = submitted([])
    memory.run(claimIdempotencyKey({ ...claim, nonce: 'other' }, 900))
    const { result, updated } = memory.run(step)
    expect(result.result).toBe('applied')
    expect(updated.claims).toBeUndefined()
  })
})

test('For any accepting response, only `decide` requests run ids, and of the new runs, exactly those settled by a delivery get a notification', () => {
  const name = fc.constantFrom('remove-bg', 'ai-tasks', 'google-auto-tagging', 'saved-extension')
  const status = fc.constantFrom<'success' | 'failed'>('success', 'failed')
  const earlyResults = fc.array(fc.record({ service: name, status }), { maxLength: 3 })
  const statuses = fc.dictionary(name, fc.constantFrom('pending', 'success', 'failed'))
  fc.assert(
    fc.property(
      fc.array(name, { maxLength: 2 }),
      earlyResults,
      statuses,
      (names, reported, extensionStatus) => {
        const memory = submitted(names, { callerWebhookUrl: HOOK })
        const earlyRunId = numbered('early')
        for (const result of reported)
          memory.run(recordDelivery(newDelivery('s1', result)), { run: earlyRunId })
        let isDecided = false
        const next = numbered('made')
        const run = () => {
          expect(isDecided).toBe(true)
          return next()
        }
        const step = respond({ submissionId: 's1', response: accepted(extensionStatus), at: 4_000 })
        const observedStep: typeof step = {
          ...step,
          decide(facts, ids) {
            isDecided = true
            return step.decide(facts, ids)
          },
        }
        const { inserted } = memory.run(observedStep, { run })
        const settled = inserted.runs?.filter(({ source }) => source === 'webhook') ?? []
        const notified = inserted.notifications?.map(({ runId }) => runId) ?? []
        expect(notified).toEqual(settled.map(({ runId }) => runId))
      },
    ),
  )
})
