import { describe, expect, test } from 'vitest'
import type { AccountEvent } from '../../../../src/domain/account-event.ts'
import { recordAccountDelivery } from '../../../../src/domain/decide/account-event.ts'
import { recordDelivery } from '../../../../src/domain/decide/delivery.ts'
import type { NewIds } from '../../../../src/domain/ids.ts'
import type { UploadResponse } from '../../../../src/domain/upload-response.ts'
import { accepted, BASELINE, FILE_ID, newAccountDelivery, newDelivery } from '../../../contract/builders.ts'
import { createMemory, deliveryId, type Memory, noId } from './memory.ts'
import { changeRun, HOOK, numbered, submitted } from './submitted.ts'

const CHANGED: AccountEvent = { kind: 'asset', eventId: 'event-1', type: 'file.updated', fileId: FILE_ID }
const OTHER: AccountEvent = { kind: 'other', eventId: 'event-1', type: null }

function finished(
  response: UploadResponse & { kind: 'accepted' | 'rejected' },
  eventId: string | null = 'event-1',
) {
  return { kind: 'upload_finished', eventId, type: 'upload', requestId: 'request-1', response } as const
}

function deliver(
  memory: Memory,
  event: AccountEvent,
  facts: { replayOf?: string } = {},
  ids: Partial<NewIds> = {},
) {
  return memory.run(recordAccountDelivery({ ...newAccountDelivery(event, 3_000), ...facts }), ids)
}

/** The result of a memory's first delivery if it changes no submission, without its outcome. */
const FIRST = { deliveryId: deliveryId(1), cause: null, fileId: null, runId: null } as const

describe('an event about an asset', () => {
  test('makes its pending and expired runs due; runs that are already due keep their due time', () => {
    const memory = submitted(['due', 'later', 'expired', 'settled'], { fileId: FILE_ID })
    changeRun(memory, 's1-run-2', { dueAt: 9_000 })
    changeRun(memory, 's1-run-3', { status: 'expired', dueAt: null })
    changeRun(memory, 's1-run-4', { status: 'success', dueAt: 9_000 })
    const { result, inserted, updated } = deliver(memory, CHANGED)
    expect(result).toEqual({ ...FIRST, outcome: 'applied' })
    expect(memory.rows.runs.map(({ dueAt }) => dueAt)).toEqual([1_500, 3_000, 3_000, 9_000])
    expect(updated.runs).toHaveLength(2)
    expect(inserted.deliveries).toMatchObject([
      { outcome: 'applied', route: 'account', fileId: FILE_ID, submissionId: null, eventId: 'event-1' },
    ])
  })

  test.each([
    ['are settled', { fileId: FILE_ID, state: 'accepted' }],
    ['belong to a rejected submission', { fileId: FILE_ID, state: 'rejected' }],
    ['belong to another file', { fileId: 'other' }],
  ] as const)('is ignored if all runs %s', (_, facts) => {
    const memory = submitted(['remove-bg'], facts)
    if ('state' in facts && facts.state === 'accepted') changeRun(memory, 's1-run-1', { status: 'failed' })
    const { result, updated } = deliver(memory, CHANGED)
    expect([result.outcome, updated]).toEqual(['ignored', {}])
  })

  test('requests an earlier delivery with its id, and of its file: whether it was forgotten, one submission, and the unsettled runs', () => {
    expect(deliver(submitted(['remove-bg'], { fileId: FILE_ID }), CHANGED).requested).toEqual([
      [
        ['firstDeliveryOf', 'event-1'],
        ['forgotten', FILE_ID],
        ['submissionOf', FILE_ID],
        ['unsettledOf', FILE_ID],
      ],
    ])
  })
})

describe('the id of an event', () => {
  test('makes sure that the event is applied only once while its first delivery is stored; a repetition is recorded as a duplicate', () => {
    const memory = submitted(['remove-bg'], { fileId: FILE_ID })
    deliver(memory, CHANGED)
    changeRun(memory, 's1-run-1', { dueAt: 9_000 })
    const { result, inserted, updated } = deliver(memory, CHANGED)
    expect(result.outcome).toBe('duplicate')
    expect(inserted.deliveries).toMatchObject([{ outcome: 'duplicate', eventId: 'event-1' }])
    expect(updated).toEqual({})
  })

  test('is optional: an event without an id is applied each time', () => {
    const memory = submitted(['remove-bg'], { fileId: FILE_ID })
    for (let time = 0; time < 2; time += 1) {
      changeRun(memory, 's1-run-1', { dueAt: 9_000 })
      expect(deliver(memory, { ...CHANGED, eventId: null }).result.outcome).toBe('applied')
    }
    expect(memory.find('runs', 's1-run-1')?.dueAt).toBe(3_000)
  })
})

describe('an event about a queued upload', () => {
  const queued = (names = ['remove-bg'], facts: Parameters<typeof submitted>[1] = {}) =>
    submitted(names, { state: 'accepted', requestId: 'request-1', ...facts })
  const END = accepted({ 'remove-bg': 'success' }, { baseline: BASELINE })

  test('is applied as the response of the submission that made the request', () => {
    const { result, inserted, updated } = deliver(queued(), finished(END))
    expect(result).toEqual({ ...FIRST, outcome: 'applied', fileId: FILE_ID, submissionId: 's1' })
    expect(updated.submissions).toMatchObject([{ fileId: FILE_ID, respondedAt: 3_000 }])
    expect(updated.details).toMatchObject([{ baseline: BASELINE }])
    expect(updated.runs).toMatchObject([{ status: 'success', source: 'response' }])
    expect(inserted.deliveries).toMatchObject([
      { outcome: 'applied', submissionId: 's1', fileId: FILE_ID, unclaimedRequestId: null, uploadEnd: null },
    ])
  })

  test('rejects the submission if the upload failed: its runs are neither due nor listed', () => {
    const error = { code: 'imagekit_rejected', message: 'no', status: 400 }
    const { result, updated } = deliver(
      queued(),
      finished({ kind: 'rejected', requestId: 'request-1', error }),
    )
    expect(result).toMatchObject({ outcome: 'applied', fileId: null, submissionId: 's1' })
    expect(updated.submissions).toMatchObject([{ state: 'rejected' }])
    expect(updated.runs).toMatchObject([{ dueAt: null, isListed: false }])
  })

  test('is stored unclaimed, with the result of the upload, if no submission has that request id', () => {
    for (const memory of [createMemory(), queued([], { requestId: 'request-2' })]) {
      const { result, inserted, updated } = deliver(memory, finished(END))
      expect(result).toEqual({ ...FIRST, outcome: 'ignored' })
      expect(inserted.deliveries).toMatchObject([
        { submissionId: null, fileId: FILE_ID, unclaimedRequestId: 'request-1', uploadEnd: END },
      ])
      expect(updated).toEqual({})
    }
  })

  test('is stored unclaimed if the submission with that request id already has its baseline', () => {
    const memory = queued()
    deliver(memory, finished(END, 'event-1'))
    const { result, inserted } = deliver(memory, finished(END, 'event-2'))
    expect(result.outcome).toBe('ignored')
    expect(inserted.deliveries).toMatchObject([{ submissionId: null, unclaimedRequestId: 'request-1' }])
  })

  test('that changes nothing is ignored, and recorded for its submission', () => {
    // The event names `FILE_ID`, but the submission is bound to another file.
    const memory = queued(['remove-bg'], { fileId: 'other' })
    const { result, inserted } = deliver(memory, finished(END))
    expect(result).toEqual({ ...FIRST, outcome: 'ignored' })
    expect(inserted.deliveries).toMatchObject([{ outcome: 'ignored', submissionId: 's1', fileId: FILE_ID }])
  })

  test('lets new runs claim earlier deliveries, and requests the body that is sent to the caller', () => {
    const memory = queued([], { callerWebhookUrl: HOOK })
    const reported = { service: 'ai-tasks', status: 'success' } as const
    const early = newDelivery('s1', reported, { body: Buffer.from('{"early":1}') })
    const earlyId = memory.run(recordDelivery(early)).result.deliveryId ?? ''
    const end = accepted({ 'ai-tasks': 'pending' }, { baseline: BASELINE })
    const { requested, inserted, updated } = deliver(memory, finished(end), {}, { run: numbered('made') })
    expect(requested.flat()).toContainEqual(['unclaimedOf', 's1', 'ai-tasks'])
    expect(requested.flat()).toContainEqual(['bodies', earlyId])
    expect(updated.deliveries).toMatchObject([{ deliveryId: earlyId, outcome: 'applied', cause: null }])
    expect(inserted.notifications).toMatchObject([{ notificationId: 'msg_made-1', body: '{"early":1}' }])
  })
})

describe('any other event', () => {
  test('is recorded and ignored, with the file that it names', () => {
    const { requested, result, inserted } = deliver(createMemory(), OTHER)
    expect(requested).toEqual([[['firstDeliveryOf', 'event-1']]])
    expect(result.outcome).toBe('ignored')
    expect(inserted.deliveries).toMatchObject([{ outcome: 'ignored', fileId: null }])
    expect(deliver(createMemory(), { ...OTHER, fileId: 'f' }).inserted.deliveries).toMatchObject([
      { fileId: 'f' },
    ])
  })
})

describe('an event about a forgotten asset', () => {
  const events: AccountEvent[] = [CHANGED, { ...OTHER, fileId: FILE_ID }, finished(accepted({}))]

  test.each(events)('is recorded without its content: $kind', (event) => {
    const memory = createMemory()
    memory.forget(FILE_ID)
    const { result, inserted } = deliver(memory, event)
    expect(result).toEqual({ ...FIRST, outcome: 'ignored', cause: 'forgotten' })
    expect(inserted.deliveries).toMatchObject([
      { cause: 'forgotten', fileId: null, eventId: null, unclaimedRequestId: null, uploadEnd: null },
    ])
    expect(inserted.deliveries?.[0]?.sent).toEqual({ headers: {}, body: Buffer.alloc(0) })
  })

  test('counts again once the asset has a new submission', () => {
    // `forget` deletes nothing, so this submission is like one that was made after it.
    const memory = submitted(['remove-bg'], { fileId: FILE_ID })
    memory.forget(FILE_ID)
    expect(deliver(memory, CHANGED)).toMatchObject({ result: { outcome: 'applied', cause: null } })
  })

  test('counts if it reports the result of a queued upload that we recorded', () => {
    const memory = submitted(['remove-bg'], { state: 'accepted', requestId: 'request-1' })
    memory.forget(FILE_ID)
    const { result, inserted } = deliver(memory, finished(accepted({}, { baseline: BASELINE })))
    expect(result).toMatchObject({ outcome: 'applied', cause: null, fileId: FILE_ID })
    expect(inserted.deliveries).toMatchObject([{ submissionId: 's1', fileId: FILE_ID }])
  })
})

describe('the replay of a rejected event', () => {
  test('is applied only once, and keeps the id of the delivery', () => {
    const memory = submitted(['remove-bg'], { fileId: FILE_ID })
    const replayOf = deliveryId(7)
    memory.put('rejected', { deliveryId: replayOf, cause: 'bad_signature' })
    const { requested, result, inserted, removed } = deliver(
      memory,
      CHANGED,
      { replayOf },
      { delivery: noId },
    )
    expect(requested[0]).toContainEqual(['rejected', replayOf])
    expect(result.deliveryId).toBe(replayOf)
    expect(inserted.deliveries).toMatchObject([{ deliveryId: replayOf, outcome: 'applied' }])
    expect(removed.rejected).toEqual([{ deliveryId: replayOf, cause: 'bad_signature' }])
    expect(() => deliver(memory, CHANGED, { replayOf })).toThrow(
      expect.objectContaining({ code: 'unprocessable' }),
    )
  })
})
