import { describe, expect, test } from 'vitest'
import { EVERY_DELIVERY } from '../../src/domain/listed-delivery.ts'
import { accepted, newAccountDelivery, newDelivery, newRefused } from './facts.ts'
import type { OpenedStore } from './opened-store.ts'
import { anAct, countsOf, listEveryPage, say, submitTo } from './operator-facts.ts'

const FORGET = anAct({ kind: 'forget', subject: 'file-1', reason: 'the owner of file-1 asked' })
const HASH = /^sha256:[0-9a-f]{64}$/

export function describeOperatorsForgetting(current: () => OpenedStore): void {
  const fill = (fileId: string, code: string) => async () => {
    const { store } = current()
    const { submissionId, runs } = await submitTo(store, ['remove-bg', 'ai-tasks'], { fileId })
    await say(store, submissionId, 'remove-bg', 'failed', { code })
    await say(store, submissionId, 'remove-bg', 'failed', { code })
    return { submissionId, runIds: runs.map(({ runId }) => runId) }
  }
  const aboutFile = (fileId: string) =>
    newAccountDelivery({ kind: 'asset', eventId: 'event-1', type: 'file.deleted', fileId })

  describe('forgetting an asset', () => {
    test('removes everything of it and nothing of another, and what is counted is as if it had never been', async () => {
      const { store } = current()
      const kept = await fill('file-2', 'E1')()
      const before = await countsOf(store)
      const gone = await fill('file-1', 'E1')()
      const again = await fill('file-1', 'only here')()
      await store.recordAccountDelivery(aboutFile('file-1'))

      expect(await store.forgetAsset('file-1', FORGET)).toBe(true)
      expect(await store.listAssetSubmissions('file-1', { limit: 9, before: null })).toMatchObject({
        submissions: [],
      })
      expect(await store.findAsset('file-1')).toBeUndefined()
      for (const { submissionId, runIds } of [gone, again]) {
        expect(await store.findSubmission(submissionId)).toBeUndefined()
        for (const id of [submissionId, ...runIds]) expect(await listEveryPage(store, { q: id })).toEqual([])
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
      expect((await listEveryPage(store)).map(({ run }) => run.runId)).toEqual(kept.runIds.toReversed())
    })

    test('takes along whatever an event told of it, repeated or of no consequence, and what belied another', async () => {
      const { store } = current()
      const { submissionId } = await submitTo(store, ['remove-bg'], { fileId: 'file-2' })
      await fill('file-1', 'E1')()
      const end = (requestId: string, eventId: string) =>
        newAccountDelivery({
          kind: 'upload_finished',
          eventId,
          type: 'upload.pre-transform.success',
          requestId,
          answer: accepted({}, { fileId: 'file-1' }),
        })
      const other = {
        kind: 'other',
        eventId: null,
        type: 'upload.post-transform.error',
        fileId: 'file-1',
      } as const
      const told = [
        end('another', 'event-1'),
        end('another', 'event-1'),
        end('request-1', 'event-2'),
        newAccountDelivery(other),
      ]
      const ids: (string | null)[] = []
      for (const delivery of told) ids.push((await store.recordAccountDelivery(delivery)).deliveryId)
      for (const id of ids) expect(await store.findDelivery(id ?? '')).toBeDefined()
      await store.applyResponse(submissionId, accepted({}, { fileId: null }), 1_600)
      await store.forgetAsset('file-1', FORGET)
      const left = ids.map((id) => store.findDelivery(id ?? ''))
      expect(await Promise.all(left)).toEqual(told.map(() => undefined))
    })

    test('is told by hash alone, in earlier acts too', async () => {
      const { store } = current()
      const { submissionId, runIds } = await fill('file-1', 'E1')()
      const [runId = ''] = runIds
      const kept = await fill('file-2', 'E1')()
      const other = anAct({ subject: kept.runIds[0] ?? '', reason: `not this one, nor ${kept.runIds[1]}` })
      await store.recordAuditEntry(anAct({ subject: runId, reason: 'mine' }))
      await store.recordAuditEntry(
        anAct({ details: { runIds: [runId, 'another'], filter: { q: 'file-1' } } }),
      )
      await store.recordAuditEntry(anAct({ kind: 'retry', details: { submissionId } }))
      await store.recordAuditEntry(
        anAct({ reason: `see ${runIds[1]}, of ${submissionId}; not ${kept.submissionId}` }),
      )
      await store.recordAuditEntry(other)
      await store.forgetAsset('file-1', FORGET)

      const { acts } = await store.listAuditEntries({ limit: 9, before: null })
      const told = JSON.stringify(acts)
      for (const name of ['file-1', submissionId, ...runIds, 'mine']) expect(told).not.toContain(name)
      expect(acts).toMatchObject([
        { kind: 'forget', subject: expect.stringMatching(HASH), actor: 'default' },
        other,
        {
          reason: expect.stringMatching(
            new RegExp(`^see sha256:[0-9a-f]{64}, of sha256:[0-9a-f]{64}; not ${kept.submissionId}$`),
          ),
        },
        { kind: 'retry' },
        { details: { runIds: [expect.stringMatching(HASH), 'another'] } },
        { subject: expect.stringMatching(HASH), reason: null },
      ])
      expect(acts[0]?.reason).toMatch(/^the owner of sha256:[0-9a-f]{64} asked$/)
    })

    test('leaves acts as they are but for its name, though that be a word that stands in all of them', async () => {
      const { store } = current()
      const details = { limit: 100, dryRun: true, reason: null, q: 'of 1, as asked', '1': ['1', 'true'] }
      await store.recordAuditEntry(anAct({ details }))
      for (const fileId of [':', '"', 'limit', 'true', '1']) {
        await submitTo(store, ['remove-bg'], { fileId })
        expect(await store.forgetAsset(fileId, anAct({ kind: 'forget', subject: fileId }))).toBe(true)
      }
      const { acts } = await store.listAuditEntries({ limit: 9, before: null })
      expect(acts).toHaveLength(6)
      expect(acts.at(-1)?.details).toEqual({
        ...details,
        q: expect.stringMatching(/^of sha256:/),
        '1': [expect.stringMatching(HASH), expect.stringMatching(/^sha256:/)],
      })
    })

    test('keeps nothing of what still comes for it, after a restart too', async () => {
      const { store, reopen } = current()
      const { submissionId } = await fill('file-1', 'E1')()
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
      const told = [await reopened.recordDelivery(late)]
      const events = [aboutFile('file-1'), aboutFile('file-1')]
      for (const event of events) told.push(await reopened.recordAccountDelivery(event))
      const end = newAccountDelivery({
        kind: 'upload_finished',
        eventId: 'event-2',
        type: 'upload.pre-transform.success',
        requestId: 'request-1',
        answer: accepted({}, { fileId: 'file-1' }),
      })
      told.push(await reopened.recordAccountDelivery(end))
      expect(told).toEqual([recorded, recorded, recorded, recorded])

      for (const { deliveryId } of told) {
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

    test('is over where the asset is heard of again', async () => {
      const { store } = current()
      const old = await fill('file-1', 'E1')()
      await store.forgetAsset('file-1', FORGET)
      const fresh = await fill('file-1', 'E2')()
      expect(await store.recordAccountDelivery(aboutFile('file-1'))).toMatchObject({ outcome: 'applied' })
      const late = newDelivery(old.submissionId, { service: 'ai-tasks', status: 'success', fileId: 'file-1' })
      expect(await store.recordDelivery(late)).toMatchObject({ cause: 'forgotten' })
      expect(await listEveryPage(store, { q: 'file-1' })).toHaveLength(2)
      expect(await listEveryPage(store, { q: fresh.submissionId })).toHaveLength(2)
    })

    test('takes refused deliveries for it along, and leaves the others', async () => {
      const { store } = current()
      const { submissionId } = await fill('file-1', 'E1')()
      const naming = newRefused({ fileId: 'file-1' })
      const addressed = newRefused({ token: `${submissionId}.mac`, body: Buffer.from('no json') })
      const other = newRefused({ token: 'another.mac', fileId: 'file-10' })
      const nameless = newRefused({ route: 'account', token: null })
      const ids = await store.keepRejected([naming, addressed, other, nameless])
      await store.forgetAsset('file-1', FORGET)
      expect(await Promise.all(ids.map((id) => store.findRejected(id)))).toEqual([
        undefined,
        undefined,
        { ...other, deliveryId: ids[2] },
        { ...nameless, deliveryId: ids[3] },
      ])
    })

    test('takes its runs out of a retry that is under way', async () => {
      const { store } = current()
      const one = await fill('file-1', 'E1')()
      const two = await fill('file-2', 'E1')()
      await store.createRetry('retry-1', [one.runIds[0] ?? '', two.runIds[0] ?? ''], anAct())
      await store.forgetAsset('file-1', FORGET)
      expect(await store.nextRetryItem()).toMatchObject({ runId: two.runIds[0] })
      expect(await store.findRetry('retry-1')).toMatchObject({ total: 1 })
    })

    test('tells where there is nothing to forget, and writes nothing', async () => {
      const { store } = current()
      await fill('file-2', 'E1')()
      expect(await store.forgetAsset('file-1', FORGET)).toBe(false)
      expect((await store.listAuditEntries({ limit: 9, before: null })).acts).toEqual([])
      expect(await store.recordAccountDelivery(aboutFile('file-1'))).toMatchObject({ cause: null })
    })
  })
}
