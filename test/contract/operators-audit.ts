import { describe, expect, test } from 'vitest'
import type { AuditEntry } from '../../src/domain/audit-entry.ts'
import { anAuditEntry, unaccepted, unknownIds } from './builders.ts'
import { applyFinding, deliverResult, findRun, listEveryRun, submitWithRuns, sweep } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

export function describeOperatorsAudit(current: () => StoreFixture): void {
  const entriesNow = async () =>
    (await current().store.listAuditEntries({ limit: 100, before: null })).auditEntries

  describe('sessions that were signed out', () => {
    test('are found after a restart, and deleted by the first sign-out a day or more after they expire', async () => {
      const day = 86_400_000
      const { store } = current()
      await store.endSession({ sessionId: 'first', endsAt: 1_000 }, 500)
      await store.endSession({ sessionId: 'second', endsAt: 2_000 }, 1_000 + day - 1)
      // Signing out twice is no error.
      await store.endSession({ sessionId: 'second', endsAt: 2_000 }, 1_000 + day - 1)
      const reopened = await current().reopen()
      const ended = await reopened.listEndedSessions()
      expect(new Map(ended.map(({ sessionId, endsAt }) => [sessionId, endsAt]))).toEqual(
        new Map([
          ['first', 1_000],
          ['second', 2_000],
        ]),
      )
      await reopened.endSession({ sessionId: 'third', endsAt: 3_000 + day }, 1_000 + day)
      const left = await reopened.listEndedSessions()
      expect(left.map(({ sessionId }) => sessionId).toSorted()).toEqual(['second', 'third'])
    })
  })

  describe('acknowledging', () => {
    test('marks runs, so that they are no longer open failures, without changing their status', async () => {
      const { store } = current()
      const runIds: string[] = []
      for (const code of ['E1', 'E1', 'E2']) {
        const { submissionId, runId } = await submitWithRuns(store, ['remove-bg'], {
          fileName: `${code}.png`,
        })
        await deliverResult(store, submissionId, 'remove-bg', 'failed', { code })
        runIds.push(runId)
      }
      const [first = '', , third = ''] = runIds
      const unknown = ['nowhere', ...unknownIds(runIds[1] ?? '')]
      const acknowledged = await store.acknowledgeRuns(
        [first, ...unknown, third, first],
        anAuditEntry({ at: 7_000 }),
      )
      expect(acknowledged.map(({ run }) => run.runId)).toEqual([first, third])
      expect(acknowledged[0]).toEqual((await listEveryRun(store, { q: first }))[0])
      const [listed] = await listEveryRun(store, { q: first })
      expect(listed?.run).toMatchObject({ status: 'failed', acknowledgedAt: 7_000, updatedAt: 2_000 })

      const openFailures = await listEveryRun(store, { status: 'failed', acknowledged: false })
      expect(openFailures.map(({ run }) => run.runId)).toEqual([runIds[1]])
      expect(await listEveryRun(store, { acknowledged: true })).toHaveLength(2)
      const { groups } = await store.readStats(0, 0)
      const counts = groups.map(
        ({ cause, acknowledged: isAcknowledged, count }) => `${cause} ${isAcknowledged} ${count}`,
      )
      expect(counts.toSorted()).toEqual(['E1 false 1', 'E1 true 1', 'E2 true 1'])
    })

    test('can be revoked: the run is an open failure again; revoking it once more writes no second audit entry', async () => {
      const { store } = current()
      const { submissionId, runId } = await submitWithRuns(store, ['remove-bg'])
      await deliverResult(store, submissionId, 'remove-bg', 'failed')
      await store.acknowledgeRuns([runId], anAuditEntry())
      const entry = anAuditEntry({ at: 9_500, kind: 'unacknowledge', subject: runId })
      const revoked = await store.unacknowledgeRun(runId, entry)
      expect(revoked?.run).toMatchObject({ runId, acknowledgedAt: null, status: 'failed' })
      expect(await listEveryRun(store, { acknowledged: false })).toEqual([revoked])
      const { groups } = await store.readStats(0, 0)
      expect(groups).toMatchObject([{ acknowledged: false, count: 1 }])
      expect(await store.unacknowledgeRun(runId, entry)).toEqual(revoked)
      for (const unknown of unknownIds(runId))
        expect(await store.unacknowledgeRun(unknown, entry)).toBeUndefined()
      const entries = await entriesNow()
      expect(entries.filter(({ kind }) => kind === 'unacknowledge')).toEqual([entry])
    })

    test('writes one audit entry for any number of runs, and another one when repeated', async () => {
      const { store } = current()
      const one = await submitWithRuns(store, ['remove-bg', 'ai-tasks'])
      for (const { name } of one.runs) await deliverResult(store, one.submissionId, name, 'failed')
      const entry = anAuditEntry({ reason: 'asked "ü"', details: { runIds: ['a', 'b'] } })
      await store.acknowledgeRuns(
        one.runs.map(({ runId }) => runId),
        entry,
      )
      expect(await entriesNow()).toEqual([entry])
      await store.acknowledgeRuns([one.runId], anAuditEntry({ at: 9_500 }))
      expect(await entriesNow()).toHaveLength(2)
      expect(await findRun(store, one.runId)).toMatchObject({ acknowledgedAt: 9_500 })
    })

    test('is undone when a late result settles the expired run', async () => {
      const { store } = current()
      const { submissionId, runId } = await submitWithRuns(store, ['remove-bg'])
      await sweep(store)
      await applyFinding(store, runId, { kind: 'timed_out' }, 5_000)
      await store.acknowledgeRuns([runId], anAuditEntry())
      expect(await listEveryRun(store, { acknowledged: false })).toEqual([])
      await deliverResult(store, submissionId, 'remove-bg', 'failed', { code: 'E1' })
      expect(await listEveryRun(store, { status: 'failed', acknowledged: false })).toMatchObject([
        { run: { runId, acknowledgedAt: null } },
      ])
    })

    test('survives a repeated result and a restart', async () => {
      const { store } = current()
      const { submissionId, runId } = await submitWithRuns(store, ['remove-bg'])
      await deliverResult(store, submissionId, 'remove-bg', 'failed')
      await store.acknowledgeRuns([runId], anAuditEntry({ at: 7_000 }))
      await deliverResult(store, submissionId, 'remove-bg', 'failed', { code: 'E1' })
      const reopened = await current().reopen()
      // The repeated result has added the error, and so the cause.
      const found = await listEveryRun(reopened, { status: 'failed', acknowledged: true, cause: 'E1' })
      expect(found).toMatchObject([{ run: { runId, acknowledgedAt: 7_000 } }])
    })

    test('has no effect on pending runs, and without an effect writes no audit entry', async () => {
      const { store } = current()
      const { runId } = await submitWithRuns(store, ['remove-bg'])
      expect(await store.acknowledgeRuns([runId], anAuditEntry())).toEqual([])
      expect(await listEveryRun(store, { acknowledged: false })).toHaveLength(1)
      expect((await store.listAuditEntries({ limit: 1, before: null })).auditEntries).toEqual([])
    })

    test('a run of a rejected submission adds it neither to the list of runs nor to the counts', async () => {
      const { store } = current()
      const { submissionId, runId } = await submitWithRuns(store, ['remove-bg'])
      await sweep(store)
      await applyFinding(store, runId, { kind: 'timed_out' }, 1_500)
      await store.applyResponse(submissionId, unaccepted('rejected'), 2_000)
      expect(await store.acknowledgeRuns([runId], anAuditEntry())).toMatchObject([{ run: { runId } }])
      expect(await listEveryRun(store)).toEqual([])
      expect((await store.readStats(0, 0)).groups).toEqual([])
    })
  })

  describe('the audit log', () => {
    test('is read page by page, newest first, each entry once while entries are added', async () => {
      const { store } = current()
      const auditEntries = Array.from({ length: 11 }, (_, index) =>
        anAuditEntry({ at: 5_000 - index, reason: `${index}` }),
      )
      for (const entry of auditEntries) await store.recordAuditEntry(entry)
      const pages: AuditEntry[][] = []
      let before: number | null = null
      do {
        const page = await store.listAuditEntries({ limit: 3, before })
        pages.push(page.auditEntries)
        before = page.next
        await store.recordAuditEntry(anAuditEntry({ reason: 'later' }))
      } while (before !== null)
      expect(pages.flat()).toEqual(auditEntries.toReversed())
      expect(pages.map(({ length }) => length)).toEqual([3, 3, 3, 2])
    })

    test('ends with a `next` of null, even if the last page is full', async () => {
      const { store } = current()
      for (let count = 0; count < 2; count += 1) await store.recordAuditEntry(anAuditEntry())
      expect(await store.listAuditEntries({ limit: 2, before: null })).toMatchObject({ next: null })
    })
  })
}
