import { describe, expect, test } from 'vitest'
import type { Json } from '../../src/domain/json.ts'
import type { UploadResponse } from '../../src/domain/upload-response.ts'
import {
  AN_ATTEMPT,
  accepted,
  anAuditEntry,
  BASELINE,
  EVIDENCE,
  newAccountDelivery,
  newDelivery,
  newKeyClaim,
  newRejected,
  newSubmission,
} from './builders.ts'
import { applyFinding, deliverResult, listEveryRun, submit, submitWithRuns, sweep } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'
import { withLease } from './with-lease.ts'

const NULL_OR_EMPTY = [
  ['null', null],
  ['an empty text', ''],
] as const

/** Values that JSON distinguishes, but a column may not. */
const EMPTY_JSON: [name: string, json: Json][] = [
  ['null', null],
  ['{}', {}],
  ['[]', []],
  ['""', ''],
  ['0', 0],
  ['false', false],
  ['[null]', [null]],
  ['{"a":null}', { a: null }],
]

/** A null value never becomes empty, nor an empty one null, even after the store is opened again. */
export function describeNullAndEmpty(current: () => StoreFixture): void {
  describe('null and empty values are distinguished', () => {
    test.each(NULL_OR_EMPTY)('in the texts of a submission: %s', async (_, text) => {
      const request = newSubmission([], {
        fileId: text,
        fileName: text,
        callerWebhookUrl: text,
        keyName: text,
        traceparent: text,
        extensions: [{ name: 'remove-bg', prompt: text }],
      })
      const { submissionId } = await current().store.createSubmission(request)
      const written = {
        fileId: text,
        fileName: text,
        callerWebhookUrl: text,
        keyName: text,
        traceparent: text,
      }
      for (const open of [async () => current().store, current().reopen]) {
        const store = await open()
        const found = await store.findSubmission(submissionId)
        expect(found?.submission).toMatchObject({
          ...written,
          extensions: request.extensions,
          requestId: null,
        })
        expect(await listEveryRun(store)).toMatchObject([{ fileId: text, fileName: text }])
      }
    })

    test.each(NULL_OR_EMPTY)('in ImageKit’s response: %s', async (_, text) => {
      const { store } = current()
      const acceptedId = await submit(store, ['remove-bg'], { fileName: null })
      const baseline = {
        ...BASELINE,
        versionId: text,
        versionName: text,
        description: text,
        updatedAt: text,
        url: text,
      }
      const facts = { fileId: 'file-1', fileName: text, requestId: text, baseline }
      await store.applyResponse(acceptedId, accepted({ 'remove-bg': 'pending' }, facts), 2_000)
      const rejectedId = await submit(store, ['remove-bg'])
      const error = { code: '', message: '', status: text === null ? null : 0 }
      const response: UploadResponse = { kind: 'rejected', requestId: text, error }
      await store.applyResponse(rejectedId, response, 2_000)

      const reopened = await current().reopen()
      expect((await reopened.findSubmission(acceptedId))?.submission).toMatchObject({
        fileName: text,
        requestId: text,
        baseline,
        error: null,
      })
      expect((await reopened.findSubmission(rejectedId))?.submission).toMatchObject({
        requestId: text,
        error,
        baseline: null,
      })
    })

    test.each([
      { aiTags: {}, tags: null, customMetadata: null },
      { aiTags: { a: [] }, tags: [], customMetadata: {} },
      { aiTags: { '': [''] }, tags: '', customMetadata: { a: null, b: [], c: {}, d: '' } },
    ])('in the JSON of a baseline: %j', async (json) => {
      const { store } = current()
      const submissionId = await submit(store, ['remove-bg'])
      const baseline = { ...BASELINE, ...json }
      await store.applyResponse(submissionId, accepted({}, { baseline }), 2_000)
      const found = await (await current().reopen()).findSubmission(submissionId)
      expect(found?.submission.baseline).toEqual(baseline)
    })

    test.each(EMPTY_JSON)('in the options of an extension: %s', async (_, options) => {
      const extensions = [{ name: 'remove-bg', options }, { name: '' }]
      const submissionId = await submit(current().store, [], { extensions })
      const found = await (await current().reopen()).findSubmission(submissionId)
      expect(found?.submission.extensions).toEqual(extensions)
      expect(found?.runs.map(({ name }) => name)).toEqual(['remove-bg', ''])
    })

    test('in an empty list of extensions', async () => {
      const submissionId = await submit(current().store, [])
      const found = await (await current().reopen()).findSubmission(submissionId)
      expect(found).toMatchObject({ submission: { extensions: [] }, runs: [] })
    })

    test.each(EMPTY_JSON)('in the error of a run: %s', async (_, error) => {
      const { store } = current()
      const { submissionId, runId } = await submitWithRuns(store, ['remove-bg'])
      await store.recordDelivery(newDelivery(submissionId, { service: 'remove-bg', status: 'failed', error }))
      const reopened = await current().reopen()
      expect((await reopened.findRunHistory(runId))?.run.error).toStrictEqual(error)
    })

    test.each(EMPTY_JSON)('in the error of a webhook that waits for its run: %s', async (_, error) => {
      const { store } = current()
      const { submissionId } = await submitWithRuns(store, ['remove-bg'])
      await store.recordDelivery(newDelivery(submissionId, { service: 'ai-tasks', status: 'failed', error }))
      const reopened = await current().reopen()
      await reopened.applyResponse(submissionId, accepted({ 'ai-tasks': 'pending' }), 3_000)
      const found = await reopened.findSubmission(submissionId)
      expect(found?.runs.at(-1)).toMatchObject({ name: 'ai-tasks', status: 'failed' })
      expect(found?.runs.at(-1)?.error).toStrictEqual(error)
    })

    test.each(NULL_OR_EMPTY)('in the evidence of a run: %s', async (_, name) => {
      const { store } = current()
      const { runId } = await submitWithRuns(store, ['remove-bg'])
      const evidence = { ...EVIDENCE.evidence, before: { id: '', name }, now: { id: 'v2', name } } as const
      await sweep(store)
      await applyFinding(store, runId, { ...EVIDENCE, evidence }, 5_000)
      const reopened = await current().reopen()
      expect((await reopened.findRunHistory(runId))?.run.evidence).toEqual(evidence)
    })

    test.each(NULL_OR_EMPTY)('in the service and the file id of a webhook: %s', async (_, text) => {
      const { store } = current()
      const submissionId = await submit(store, ['remove-bg'])
      const result = { service: text, status: null, fileId: text, error: null }
      const sent = { headers: {}, body: Buffer.alloc(0) }
      const { deliveryId, outcome } = await store.recordDelivery(newDelivery(submissionId, result, sent))
      expect(outcome).toBe('ignored')
      const reopened = await current().reopen()
      const listed = { service: text, fileId: text, bytes: 0, ...sent }
      expect(await reopened.findDelivery(deliveryId ?? '')).toMatchObject(listed)
      await withLease(reopened).pruneBodies(1_000_000, 10, null)
      expect(await reopened.findDelivery(deliveryId ?? '')).toMatchObject({ headers: null, body: null })
    })

    test('in event ids: a repeated empty id is a duplicate, a repeated null is not', async () => {
      const { store } = current()
      const deliver = async (eventId: string | null) =>
        (await store.recordAccountDelivery(newAccountDelivery({ kind: 'other', eventId, type: null })))
          .outcome
      const outcomes: string[] = []
      for (const eventId of [null, '', null, '']) outcomes.push(await deliver(eventId))
      expect(outcomes).toEqual(['ignored', 'ignored', 'ignored', 'duplicate'])
    })

    test.each(NULL_OR_EMPTY)('in a rejected delivery: %s', async (_, text) => {
      const rejected = newRejected({
        token: text,
        fileId: text,
        headers: {},
        body: Buffer.alloc(0),
        bytes: 0,
      })
      const withHeaders = newRejected({ token: text, fileId: text, headers: { '': '', a: '' } })
      const [one = '', two = ''] = await current().store.keepRejected([rejected, withHeaders])
      const reopened = await current().reopen()
      expect(await reopened.findRejected(one)).toEqual({ ...rejected, deliveryId: one })
      expect(await reopened.findRejected(two)).toEqual({ ...withHeaders, deliveryId: two })
      const detail = { headers: {}, body: Buffer.alloc(0), bytes: 0, submissionId: null }
      expect(await reopened.findDelivery(one)).toMatchObject(detail)
    })

    test.each([
      { subject: null, reason: null, details: null },
      { subject: '', reason: '', details: {} },
      { subject: '', reason: null, details: { a: null, b: '', c: [], d: {} } },
      { subject: null, reason: '', details: { '': '' } },
    ])('in an audit entry: %j', async (facts) => {
      const entry = anAuditEntry({ actor: '', ...facts })
      await current().store.recordAuditEntry(entry)
      const reopened = await current().reopen()
      expect((await reopened.listAuditEntries({ limit: 9, before: null })).auditEntries).toEqual([entry])
    })

    test('in the reasons of a retry item and of a notification', async () => {
      const { store } = current()
      const runIds: string[] = []
      for (const fileId of ['file-1', 'file-2']) {
        const facts = { fileId, callerWebhookUrl: 'https://caller.example/hook' }
        const { submissionId, runId } = await submitWithRuns(store, ['remove-bg'], facts)
        await deliverResult(store, submissionId, 'remove-bg', 'failed')
        runIds.push(runId)
      }
      await store.createRetry('retry-1', runIds, anAuditEntry())
      for (const reason of [null, '']) {
        const item = await store.nextRetryItem()
        await store.endRetryItem(item?.itemId ?? 0, 'failed', reason)
      }
      // These results count without a claim, so the claim here, 0, is none.
      await store.recordNotificationResult(`msg_${runIds[0]}`, { kind: 'gone', reason: '' }, 0, AN_ATTEMPT)
      await store.recordNotificationResult(`msg_${runIds[1]}`, { kind: 'delivered' }, 0, AN_ATTEMPT)
      const reopened = await current().reopen()
      const notAccepted = await reopened.listUnaccepted('retry-1', 9)
      expect(notAccepted.map(({ reason }) => reason)).toEqual([null, ''])
      const histories = await Promise.all(runIds.map((runId) => reopened.findRunHistory(runId)))
      expect(histories.map((history) => history?.notification?.reason)).toEqual(['', null])
    })

    test('in the response stored under an idempotency key', async () => {
      const { store } = current()
      const responses = [
        { status: 200, headers: {}, body: '' },
        { status: 200, headers: { a: '' }, body: 'null' },
      ]
      for (const [index, response] of responses.entries()) {
        const scope = index === 0 ? '' : 'scope'
        const claim = newKeyClaim(scope)
        await store.claimIdempotencyKey(claim, 1_000)
        const key = { ...claim, fingerprint: '' }
        const { submissionId } = await store.createSubmission(newSubmission([]), key)
        await store.applyResponse(submissionId, accepted({}), 2_000, { ...claim, response })
      }
      const reopened = await current().reopen()
      for (const [index, scope] of ['', 'scope'].entries())
        expect(await reopened.claimIdempotencyKey(newKeyClaim(scope), 3_000)).toEqual({
          kind: 'responded',
          fingerprint: '',
          response: responses[index],
        })
    })
  })
}
