import { describe, expect, test } from 'vitest'
import type { AuditEntry } from '../../src/domain/audit-entry.ts'
import { applyFinding, refused, sweep, unknownIds } from './facts.ts'
import type { OpenedStore } from './opened-store.ts'
import { anAct, listEveryPage, runOf, say, submitTo } from './operator-facts.ts'

export function describeOperatorsActs(current: () => OpenedStore): void {
  const actsNow = async () => (await current().store.listAuditEntries({ limit: 100, before: null })).acts

  describe('sessions that were signed out', () => {
    test('are known to the next process, and forgotten once they have been over for a day', async () => {
      const day = 86_400_000
      const { store } = current()
      await store.endSession({ sessionId: 'first', endsAt: 1_000 }, 500)
      await store.endSession({ sessionId: 'second', endsAt: 2_000 }, 1_000 + day - 1)
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
    test('marks runs and moves them out of the worklist, and their status stays', async () => {
      const { store } = current()
      const runIds: string[] = []
      for (const code of ['E1', 'E1', 'E2']) {
        const { submissionId, runId } = await submitTo(store, ['remove-bg'], { fileName: `${code}.png` })
        await say(store, submissionId, 'remove-bg', 'failed', { code })
        runIds.push(runId)
      }
      const [first = '', , third = ''] = runIds
      const unknown = ['nowhere', ...unknownIds(runIds[1] ?? '')]
      const acknowledged = await store.acknowledgeRuns(
        [first, ...unknown, third, first],
        anAct({ at: 7_000 }),
      )
      expect(acknowledged.map(({ run }) => run.runId)).toEqual([first, third])
      expect(acknowledged[0]).toEqual((await listEveryPage(store, { q: first }))[0])
      const [listed] = await listEveryPage(store, { q: first })
      expect(listed?.run).toMatchObject({ status: 'failed', acknowledgedAt: 7_000, updatedAt: 2_000 })

      const worklist = await listEveryPage(store, { status: 'failed', acknowledged: false })
      expect(worklist.map(({ run }) => run.runId)).toEqual([runIds[1]])
      expect(await listEveryPage(store, { acknowledged: true })).toHaveLength(2)
      const { groups } = await store.readStats(0, 0)
      const told = groups.map(({ cause, acknowledged: is, size }) => `${cause} ${is} ${size}`)
      expect(told.toSorted()).toEqual(['E1 false 1', 'E1 true 1', 'E2 true 1'])
    })

    test('is written down once, however many runs it is about, and again where it is done again', async () => {
      const { store } = current()
      const one = await submitTo(store, ['remove-bg', 'ai-tasks'])
      for (const { name } of one.runs) await say(store, one.submissionId, name, 'failed')
      const act = anAct({ reason: 'asked "ü"', details: { runIds: ['a', 'b'] } })
      await store.acknowledgeRuns(
        one.runs.map(({ runId }) => runId),
        act,
      )
      expect(await actsNow()).toEqual([act])
      await store.acknowledgeRuns([one.runId], anAct({ at: 9_500 }))
      expect(await actsNow()).toHaveLength(2)
      expect(await runOf(store, one.runId)).toMatchObject({ acknowledgedAt: 9_500 })
    })

    test('is over when a word comes later', async () => {
      const { store } = current()
      const { submissionId, runId } = await submitTo(store, ['remove-bg'])
      await sweep(store)
      await applyFinding(store, runId, { kind: 'timed_out' }, 5_000)
      await store.acknowledgeRuns([runId], anAct())
      expect(await listEveryPage(store, { acknowledged: false })).toEqual([])
      await say(store, submissionId, 'remove-bg', 'failed', { code: 'E1' })
      expect(await listEveryPage(store, { status: 'failed', acknowledged: false })).toMatchObject([
        { run: { runId, acknowledgedAt: null } },
      ])
    })

    test('stays when what is said is only repeated, and survives a restart', async () => {
      const { store } = current()
      const { submissionId, runId } = await submitTo(store, ['remove-bg'])
      await say(store, submissionId, 'remove-bg', 'failed')
      await store.acknowledgeRuns([runId], anAct({ at: 7_000 }))
      await say(store, submissionId, 'remove-bg', 'failed', { code: 'E1' })
      const reopened = await current().reopen()
      const found = await listEveryPage(reopened, { status: 'failed', acknowledged: true, cause: 'E1' })
      expect(found).toMatchObject([{ run: { runId, acknowledgedAt: 7_000 } }])
    })

    test('passes over what is pending', async () => {
      const { store } = current()
      const { runId } = await submitTo(store, ['remove-bg'])
      expect(await store.acknowledgeRuns([runId], anAct())).toEqual([])
      expect(await listEveryPage(store, { acknowledged: false })).toHaveLength(1)
    })

    test('of a run of a rejected submission lists it nowhere', async () => {
      const { store } = current()
      const { submissionId, runId } = await submitTo(store, ['remove-bg'])
      await sweep(store)
      await applyFinding(store, runId, { kind: 'timed_out' }, 1_500)
      await store.applyResponse(submissionId, refused('rejected'), 2_000)
      expect(await store.acknowledgeRuns([runId], anAct())).toMatchObject([{ run: { runId } }])
      expect(await listEveryPage(store)).toEqual([])
      expect((await store.readStats(0, 0)).groups).toEqual([])
    })
  })

  describe('what operators have done', () => {
    test('is read page by page, the newest first, each once while more is done', async () => {
      const { store } = current()
      const acts = Array.from({ length: 11 }, (_, index) => anAct({ at: 5_000 - index, reason: `${index}` }))
      for (const act of acts) await store.recordAuditEntry(act)
      const pages: AuditEntry[][] = []
      let before: number | null = null
      do {
        const page = await store.listAuditEntries({ limit: 3, before })
        pages.push(page.acts)
        before = page.next
        await store.recordAuditEntry(anAct({ reason: 'later' }))
      } while (before !== null)
      expect(pages.flat()).toEqual(acts.toReversed())
      expect(pages.map(({ length }) => length)).toEqual([3, 3, 3, 2])
    })

    test('ends with null, also where the last page is full', async () => {
      const { store } = current()
      for (let count = 0; count < 2; count += 1) await store.recordAuditEntry(anAct())
      expect(await store.listAuditEntries({ limit: 2, before: null })).toMatchObject({ next: null })
    })
  })
}
