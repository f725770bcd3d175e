import { describe, expect, test } from 'vitest'
import type { Commit } from '../../src/domain/commit.ts'
import { accepted, anAuditEntry, EVIDENCE, FILE_ID, newDelivery } from './builders.ts'
import { applyFinding, submit, sweep } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'
import { withLease } from './with-lease.ts'

export function describeCommits(current: () => StoreFixture): void {
  const watchCommits = () => {
    const commits: Commit[] = []
    current().store.watchCommits((commit) => commits.push(commit))
    return commits
  }
  const settledIn = (commits: readonly Commit[]) => commits.flatMap(({ settled }) => settled)

  describe('commits', () => {
    test('report the runs that they settled, with the time since the request', async () => {
      const { store } = current()
      const submissionId = await submit(store, ['remove-bg', 'ai-tasks', 'aws-auto-tagging'])
      await sweep(store)
      const commits = watchCommits()
      await store.applyResponse(
        submissionId,
        accepted({ 'ai-tasks': 'failed', 'remove-bg': 'pending' }),
        1_500,
      )
      await store.recordDelivery(newDelivery(submissionId, { service: 'remove-bg', status: 'success' }))
      const runs = (await store.findSubmission(submissionId))?.runs
      const tagged = runs?.find(({ name }) => name === 'aws-auto-tagging')
      await applyFinding(store, tagged?.runId ?? '', EVIDENCE, 5_000)
      expect(settledIn(commits)).toEqual([
        { extension: 'ai-tasks', status: 'failed', source: 'response', seconds: 0.5 },
        { extension: 'remove-bg', status: 'success', source: 'webhook', seconds: 1 },
        { extension: 'aws-auto-tagging', status: 'success', source: 'reconcile', seconds: 4 },
      ])
    })

    test('report each run as settled once, despite repetitions and contradictions, and an expired run only when its result arrives', async () => {
      const { store } = current()
      const submissionId = await submit(store, ['remove-bg'])
      await sweep(store)
      const commits = watchCommits()
      const runId = (await store.findSubmission(submissionId))?.runs[0]?.runId ?? ''
      await applyFinding(store, runId, { kind: 'timed_out' }, 1_800)
      expect(settledIn(commits)).toEqual([])
      for (const status of ['success', 'success', 'failed'] as const)
        await store.recordDelivery(newDelivery(submissionId, { service: 'remove-bg', status }))
      expect(settledIn(commits)).toMatchObject([{ extension: 'remove-bg', status: 'success' }])
    })

    test('report how many notifications they created', async () => {
      const { store } = current()
      const callerWebhookUrl = 'https://caller.example/hook'
      const withCaller = await submit(store, ['remove-bg', 'ai-tasks'], { callerWebhookUrl })
      const withoutCaller = await submit(store, ['remove-bg'])
      const commits = watchCommits()
      await store.recordDelivery(newDelivery(withoutCaller, { service: 'remove-bg', status: 'success' }))
      for (const service of ['remove-bg', 'remove-bg', 'ai-tasks'])
        await store.recordDelivery(newDelivery(withCaller, { service, status: 'success' }))
      expect(commits.map(({ notificationsCreated }) => notificationsCreated)).toEqual([0, 1, 0, 1])
    })

    test('name the assets and submissions that they change or delete', async () => {
      const { store } = current()
      const old = await submit(store, ['ai-tasks'], { fileId: 'file-old', at: 1 })
      await store.recordDelivery(
        newDelivery(old, { service: 'ai-tasks', status: 'success', fileId: 'file-old' }),
      )
      const commits = watchCommits()
      const namedIn = async (work: Promise<unknown>) => {
        await work
        const named = commits.splice(0)
        return {
          fileIds: new Set(named.flatMap(({ fileIds }) => [...fileIds])),
          submissionIds: new Set(named.flatMap(({ submissionIds }) => [...submissionIds])),
        }
      }
      const submissionId = await submit(store, ['remove-bg'])
      const ofSubmission = { fileIds: new Set(), submissionIds: new Set([submissionId]) }
      // `submit` has already committed the submission, so nothing remains to wait for.
      expect(await namedIn(Promise.resolve())).toEqual(ofSubmission)
      const ofBoth = { ...ofSubmission, fileIds: new Set([FILE_ID]) }
      const response = accepted({ 'remove-bg': 'pending' })
      expect(await namedIn(store.applyResponse(submissionId, response, 1_500))).toEqual(ofBoth)
      const delivery = newDelivery(submissionId, { service: 'remove-bg', status: 'success' })
      expect(await namedIn(store.recordDelivery(delivery))).toEqual(ofBoth)
      // The duplicate changes neither.
      expect(await namedIn(store.recordDelivery(delivery))).toEqual({
        fileIds: new Set(),
        submissionIds: new Set(),
      })
      expect(await namedIn(withLease(store).deleteOldSubmissions(10_000, 2, null))).toEqual({
        fileIds: new Set(['file-old']),
        submissionIds: new Set([old]),
      })
      expect(await namedIn(store.forgetAsset(FILE_ID, anAuditEntry({ kind: 'forget' })))).toEqual(ofBoth)
    })

    test('do not report a step that was rolled back', async () => {
      const { store, failInserts } = current()
      // Both deliveries are in the same batch: neither changes which rows the other needs.
      const submissionId = await submit(store, ['remove-bg', 'ai-tasks'], { fileId: FILE_ID })
      const commits = watchCommits()
      await failInserts('deliveries', 6_000)
      const deliver = (service: string, receivedAt: number) =>
        store.recordDelivery(newDelivery(submissionId, { service, status: 'success' }, { receivedAt }))
      const settled = await Promise.allSettled([deliver('remove-bg', 2_000), deliver('ai-tasks', 6_000)])
      expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
      expect(settledIn(commits).map(({ extension }) => extension)).toEqual(['remove-bg'])
    })
  })
}
