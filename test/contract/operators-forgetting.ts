import { describe, expect, test } from 'vitest'
import { EVERY_DELIVERY } from '../../src/domain/listed-delivery.ts'
import { accepted, anAuditEntry, newAccountDelivery, newDelivery, newRejected } from './builders.ts'
import { countsOf, deliverResult, listEveryRun, submitWithRuns } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

const FORGET = anAuditEntry({ kind: 'forget', subject: 'file-1', reason: 'the owner of file-1 asked' })
const HASH = /^sha256:[0-9a-f]{64}$/

export function describeOperatorsForgetting(current: () => StoreFixture): void {
  const fill = async (fileId: string, code: string) => {
    const { store } = current()
    const { submissionId, runs } = await submitWithRuns(store, ['remove-bg', 'ai-tasks'], { fileId })
    await deliverResult(store, submissionId, 'remove-bg', 'failed', { code })
    await deliverResult(store, submissionId, 'remove-bg', 'failed', { code })
    return { submissionId, runIds: runs.map(({ runId }) => runId) }
  }
  const eventAbout = (fileId: string) =>
    newAccountDelivery({ kind: 'asset', eventId: 'event-1', type: 'file.deleted', fileId })

  describe('forgetting an asset', () => {
    test('deletes everything about it and nothing about another asset, and leaves the counts as if it had never existed', async () => {
      const { store } = current()
      const kept = await fill('file-2', 'E1')
      const before = await countsOf(store)
      const gone = await fill('file-1', 'E1')
      const again = await fill('file-1', 'only here')
      await store.recordAccountDelivery(eventAbout('file-1'))

      expect(await store.forgetAsset('file-1', FORGET)).toBe(true)
      expect(await store.listAssetSubmissions('file-1', { limit: 9, before: null })).toMatchObject({
        submissions: [],
      })
      expect(await store.findAsset('file-1')).toBeUndefined()
      for (const { submissionId, runIds } of [gone, again]) {
        expect(await store.findSubmission(submissionId)).toBeUndefined()
        for (const id of [submissionId, ...runIds]) expect(await listEveryRun(store, { q: id })).toEqual([])
        expect(await store.findRunHistory(runIds[0] ?? '')).toBeUndefined()
      }
      const page = { limit: 50, before: null }
      expect(await store.listDeliveries({ ...EVERY_DELIVERY, fileId: 'file-1' }, page)).toMatchObject({
        deliveries: [],
      })
      expect(await countsOf(store)).toEqual(before)
      const left = await store.listDeliveries(EVERY_DELIVERY, page)
      expect(left.deliveries.map(({ submissionId }) => submissionId)).toEqual([
        kept.submissionId,
        kept.submissionId,
      ])
      expect((await listEveryRun(store)).map(({ run }) => run.runId)).toEqual(kept.runIds.toReversed())
    })

    test('deletes every event that names it: repeated ones, ignored ones, and one that belongs to a submission of another file', async () => {
      const { store } = current()
      const { submissionId } = await submitWithRuns(store, ['remove-bg'], { fileId: 'file-2' })
      await fill('file-1', 'E1')
      const end = (requestId: string, eventId: string) =>
        newAccountDelivery({
          kind: 'upload_finished',
          eventId,
          type: 'upload.pre-transform.success',
          requestId,
          response: accepted({}, { fileId: 'file-1' }),
        })
      const other = {
        kind: 'other',
        eventId: null,
        type: 'upload.post-transform.error',
        fileId: 'file-1',
      } as const
      const events = [
        end('another', 'event-1'),
        end('another', 'event-1'),
        end('request-1', 'event-2'),
        newAccountDelivery(other),
      ]
      const ids: (string | null)[] = []
      for (const event of events) ids.push((await store.recordAccountDelivery(event)).deliveryId)
      for (const id of ids) expect(await store.findDelivery(id ?? '')).toBeDefined()
      // With this response, which names `request-1`, `event-2` belongs to the submission.
      await store.applyResponse(submissionId, accepted({}, { fileId: null }), 1_600)
      await store.forgetAsset('file-1', FORGET)
      const left = ids.map((id) => store.findDelivery(id ?? ''))
      expect(await Promise.all(left)).toEqual(events.map(() => undefined))
    })

    test('replaces its ids with hashes, even in earlier audit entries, and deletes the reasons of entries about its runs and notifications', async () => {
      const { store } = current()
      const { submissionId, runIds } = await fill('file-1', 'E1')
      const [runId = ''] = runIds
      const kept = await fill('file-2', 'E1')
      const other = anAuditEntry({
        subject: kept.runIds[0] ?? '',
        reason: `not this one, nor ${kept.runIds[1]}`,
      })
      await store.recordAuditEntry(anAuditEntry({ subject: runId, reason: 'mine' }))
      await store.recordAuditEntry(anAuditEntry({ kind: 'resend', subject: `msg_${runId}`, reason: 'mine' }))
      await store.recordAuditEntry(
        anAuditEntry({ details: { runIds: [runId, 'another'], filter: { q: 'file-1' } } }),
      )
      await store.recordAuditEntry(anAuditEntry({ kind: 'retry', details: { submissionId } }))
      await store.recordAuditEntry(
        anAuditEntry({ reason: `see ${runIds[1]}, of ${submissionId}; not ${kept.submissionId}` }),
      )
      await store.recordAuditEntry(other)
      await store.forgetAsset('file-1', FORGET)

      const { auditEntries } = await store.listAuditEntries({ limit: 9, before: null })
      const text = JSON.stringify(auditEntries)
      for (const name of ['file-1', submissionId, ...runIds, 'mine']) expect(text).not.toContain(name)
      expect(auditEntries).toMatchObject([
        { kind: 'forget', subject: expect.stringMatching(HASH), actor: 'default' },
        other,
        {
          reason: expect.stringMatching(
            new RegExp(`^see sha256:[0-9a-f]{64}, of sha256:[0-9a-f]{64}; not ${kept.submissionId}$`),
          ),
        },
        { kind: 'retry' },
        { details: { runIds: [expect.stringMatching(HASH), 'another'] } },
        { kind: 'resend', subject: expect.stringMatching(HASH), reason: null },
        { subject: expect.stringMatching(HASH), reason: null },
      ])
      expect(auditEntries[0]?.reason).toMatch(/^the owner of sha256:[0-9a-f]{64} asked$/)
    })

    test('leaves the rest of audit entries unchanged, even if the file id is a common word or character', async () => {
      const { store } = current()
      const details = { limit: 100, dryRun: true, reason: null, q: 'of 1, as asked', '1': ['1', 'true'] }
      await store.recordAuditEntry(anAuditEntry({ details }))
      for (const fileId of [':', '"', 'limit', 'true', '1']) {
        await submitWithRuns(store, ['remove-bg'], { fileId })
        expect(await store.forgetAsset(fileId, anAuditEntry({ kind: 'forget', subject: fileId }))).toBe(true)
      }
      const { auditEntries } = await store.listAuditEntries({ limit: 9, before: null })
      expect(auditEntries).toHaveLength(6)
      expect(auditEntries.at(-1)?.details).toEqual({
        ...details,
        q: expect.stringMatching(/^of sha256:/),
        '1': [expect.stringMatching(HASH), expect.stringMatching(/^sha256:/)],
      })
    })

    test('stores no content of later webhooks for it, even after a restart', async () => {
      const { store, reopen } = current()
      const { submissionId } = await fill('file-1', 'E1')
      await store.forgetAsset('file-1', FORGET)
      const reopened = await reopen()
      const late = newDelivery(submissionId, { service: 'remove-bg', status: 'success', fileId: 'file-1' })
      const recorded = {
        deliveryId: expect.any(String),
        outcome: 'ignored',
        cause: 'forgotten',
        fileId: null,
        runId: null,
      }
      const results = [await reopened.recordDelivery(late)]
      const events = [eventAbout('file-1'), eventAbout('file-1')]
      for (const event of events) results.push(await reopened.recordAccountDelivery(event))
      const end = newAccountDelivery({
        kind: 'upload_finished',
        eventId: 'event-2',
        type: 'upload.pre-transform.success',
        requestId: 'request-1',
        response: accepted({}, { fileId: 'file-1' }),
      })
      results.push(await reopened.recordAccountDelivery(end))
      expect(results).toEqual([recorded, recorded, recorded, recorded])

      for (const { deliveryId } of results) {
        const kept = await reopened.findDelivery(deliveryId ?? '')
        expect(kept).toMatchObject({
          deliveryId,
          submissionId: null,
          fileId: null,
          service: null,
          headers: {},
        })
        expect(kept?.body?.length).toBe(0)
      }
    })

    test('has no effect on new submissions of the asset', async () => {
      const { store } = current()
      const old = await fill('file-1', 'E1')
      await store.forgetAsset('file-1', FORGET)
      const fresh = await fill('file-1', 'E2')
      expect(await store.recordAccountDelivery(eventAbout('file-1'))).toMatchObject({ outcome: 'applied' })
      const late = newDelivery(old.submissionId, { service: 'ai-tasks', status: 'success', fileId: 'file-1' })
      expect(await store.recordDelivery(late)).toMatchObject({ cause: 'forgotten' })
      expect(await listEveryRun(store, { q: 'file-1' })).toHaveLength(2)
      expect(await listEveryRun(store, { q: fresh.submissionId })).toHaveLength(2)
    })

    test('deletes the rejected deliveries that name it, or whose token names its submission, and keeps the others', async () => {
      const { store } = current()
      const { submissionId } = await fill('file-1', 'E1')
      const naming = newRejected({ fileId: 'file-1' })
      const addressed = newRejected({ token: `${submissionId}.mac`, body: Buffer.from('no json') })
      const other = newRejected({ token: 'another.mac', fileId: 'file-10' })
      const nameless = newRejected({ route: 'account', token: null })
      const ids = await store.keepRejected([naming, addressed, other, nameless])
      await store.forgetAsset('file-1', FORGET)
      expect(await Promise.all(ids.map((id) => store.findRejected(id)))).toEqual([
        undefined,
        undefined,
        { ...other, deliveryId: ids[2] },
        { ...nameless, deliveryId: ids[3] },
      ])
    })

    test('removes its runs from a retry in progress', async () => {
      const { store } = current()
      const one = await fill('file-1', 'E1')
      const two = await fill('file-2', 'E1')
      await store.createRetry('retry-1', [one.runIds[0] ?? '', two.runIds[0] ?? ''], anAuditEntry())
      await store.forgetAsset('file-1', FORGET)
      expect(await store.nextRetryItem()).toMatchObject({ runId: two.runIds[0] })
      expect(await store.findRetry('retry-1')).toMatchObject({ total: 1 })
    })

    test('returns false and writes nothing for an unknown asset', async () => {
      const { store } = current()
      await fill('file-2', 'E1')
      expect(await store.forgetAsset('file-1', FORGET)).toBe(false)
      expect((await store.listAuditEntries({ limit: 9, before: null })).auditEntries).toEqual([])
      // The asset does not count as forgotten.
      expect(await store.recordAccountDelivery(eventAbout('file-1'))).toMatchObject({ cause: null })
    })
  })
}
