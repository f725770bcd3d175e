import { describe, expect, test } from 'vitest'
import type { NewSubmission } from '../../src/domain/submission.ts'
import { accepted, EVIDENCE, FILE_ID, newDelivery, unaccepted, unknownIds } from './builders.ts'
import { applyFinding, submit as submitTo, sweep } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

const NOT_APPLIED = { applied: false, fileId: null }

export function describeFindings(current: () => StoreFixture): void {
  /** Submits runs that have been due since they were requested. */
  const submit = async (names: string[], facts: Partial<NewSubmission> = {}) => {
    const id = await submitTo(current().store, names, { fileId: FILE_ID, kind: 'update', ...facts })
    await sweep(current().store)
    return id
  }
  const runsOf = async (id: string) => (await current().store.findSubmission(id))?.runs ?? []
  const runIdOf = async (id: string, name = 'remove-bg') =>
    (await runsOf(id)).find((run) => run.name === name)?.runId ?? ''

  describe('findings', () => {
    test('evidence settles only its run, and is stored with it', async () => {
      const id = await submit(['remove-bg', 'ai-tasks'])
      const runId = await runIdOf(id)
      expect(await applyFinding(current().store, runId, EVIDENCE, 5_000)).toEqual({
        applied: true,
        fileId: FILE_ID,
      })
      const store = await current().reopen()
      expect((await store.findSubmission(id))?.runs).toMatchObject([
        { status: 'success', source: 'reconcile', settledAt: 5_000, evidence: EVIDENCE.evidence },
        { status: 'pending', source: 'request', evidence: null },
      ])
      expect(await store.listDue(9_000, 10)).toMatchObject([{ run: { name: 'ai-tasks' } }])
    })

    test.each(['asset_gone', 'timed_out'] as const)(
      '%s expires only its run, and is stored as the reason',
      async (kind) => {
        const id = await submit(['remove-bg', 'ai-tasks'])
        expect(await applyFinding(current().store, await runIdOf(id), { kind }, 5_000)).toEqual({
          applied: true,
          fileId: FILE_ID,
        })
        expect(await runsOf(id)).toMatchObject([
          { status: 'expired', source: 'expiry', settledAt: null, updatedAt: 5_000, evidence: { kind } },
          { status: 'pending', evidence: null },
        ])
      },
    )

    test('an expired run is no longer due, and a late webhook still settles it', async () => {
      const id = await submit(['remove-bg'])
      await applyFinding(current().store, await runIdOf(id), { kind: 'timed_out' }, 5_000)
      expect(await current().store.listDue(1_000_000, 10)).toEqual([])
      const late = newDelivery(id, { service: 'remove-bg', status: 'failed' })
      expect(await current().store.recordDelivery(late)).toMatchObject({ outcome: 'applied' })
      expect(await runsOf(id)).toMatchObject([{ status: 'failed', source: 'webhook', evidence: null }])
    })

    test('if the file of an asset is deleted, all of its pending runs expire, due or not, and no others', async () => {
      const { store } = current()
      const settled = await submit(['remove-bg', 'ai-tasks'])
      await store.recordDelivery(newDelivery(settled, { service: 'remove-bg', status: 'success' }))
      const fresh = await submitTo(store, ['google-auto-tagging'], { fileId: FILE_ID, kind: 'update' })
      const other = await submitTo(store, ['remove-bg'], { fileId: 'another', kind: 'update' })
      expect(await store.recordAssetGone(FILE_ID, 5_000)).toBe(2)
      const gone = { status: 'expired', source: 'expiry', updatedAt: 5_000, evidence: { kind: 'asset_gone' } }
      expect(await runsOf(settled)).toMatchObject([{ status: 'success' }, gone])
      expect(await runsOf(fresh)).toMatchObject([gone])
      expect(await runsOf(other)).toMatchObject([{ status: 'pending' }])
      expect((await store.findAsset(FILE_ID))?.runs.map(({ status }) => status).toSorted()).toEqual([
        'expired',
        'expired',
        'success',
      ])
      expect(await store.recordAssetGone(FILE_ID, 6_000)).toBe(0)
      expect(await store.recordAssetGone('unknown', 6_000)).toBe(0)
      expect(await store.listDue(1_000_000, 10)).toEqual([])
    })

    test.each(['submitting', 'unconfirmed'] as const)(
      'if the file of an asset is deleted while a submission is %s, the commit reports the asset as changed',
      async (state) => {
        const { store } = current()
        const id = await submitTo(store, ['remove-bg'], { fileId: FILE_ID, kind: 'update' })
        if (state === 'unconfirmed') await store.applyResponse(id, unaccepted('unconfirmed'), 2_000)
        const changed: string[] = []
        store.watchCommits(({ fileIds }) => changed.push(...fileIds))
        expect(await store.recordAssetGone(FILE_ID, 5_000)).toBe(1)
        expect(changed).toEqual([FILE_ID])
      },
    )

    test('`unchanged` moves only the due time of its run', async () => {
      const id = await submit(['remove-bg', 'ai-tasks'])
      const before = await current().store.findSubmission(id)
      const finding = { kind: 'unchanged', dueAt: 8_000 } as const
      expect(await applyFinding(current().store, await runIdOf(id), finding, 5_000)).toEqual({
        applied: true,
        fileId: null,
      })
      expect(await current().store.findSubmission(id)).toEqual(before)
      const due = async (now: number) =>
        (await current().store.listDue(now, 10)).map(({ run }) => run.name).toSorted()
      expect(await due(7_999)).toEqual(['ai-tasks'])
      expect(await due(8_000)).toEqual(['ai-tasks', 'remove-bg'])
    })

    test.each([
      EVIDENCE,
      { kind: 'asset_gone' },
      { kind: 'timed_out' },
      { kind: 'unchanged', dueAt: 8_000 },
    ] as const)(
      '$kind does not change a run that is unknown, settled, or without a due time: expired, or not swept yet',
      async (finding) => {
        const settledId = await submit(['remove-bg'])
        await current().store.recordDelivery(
          newDelivery(settledId, { service: 'remove-bg', status: 'failed' }),
        )
        const expiredId = await submit(['remove-bg'])
        await applyFinding(current().store, await runIdOf(expiredId), { kind: 'timed_out' }, 3_000)
        // No sweep follows, so this run has no due time.
        const notDueId = await submitTo(current().store, ['remove-bg'], { fileId: FILE_ID, kind: 'update' })
        const submissionIds = [settledId, expiredId, notDueId]
        const runIds = await Promise.all(submissionIds.map((id) => runIdOf(id)))
        const before = await Promise.all(submissionIds.map(runsOf))

        for (const runId of [...runIds, 'no such run', ...unknownIds(await runIdOf(notDueId))])
          expect(await applyFinding(current().store, runId, finding, 5_000)).toEqual(NOT_APPLIED)
        expect(await Promise.all(submissionIds.map(runsOf))).toEqual(before)
        expect(await current().store.listDue(1_000_000, 10)).toEqual([])
      },
    )

    test('a run whose submission was rejected meanwhile does not change', async () => {
      const id = await submit(['remove-bg'])
      await current().store.applyResponse(id, unaccepted('rejected'), 4_000)
      for (const finding of [EVIDENCE, { kind: 'unchanged', dueAt: 8_000 }] as const)
        expect(await applyFinding(current().store, await runIdOf(id), finding, 5_000)).toEqual(NOT_APPLIED)
      expect(await runsOf(id)).toMatchObject([{ status: 'pending' }])
      expect(await current().store.listDue(1_000_000, 10)).toEqual([])
    })

    test('a finding about a placeholder that was removed meanwhile is not applied', async () => {
      const id = await submit(['saved-extension'])
      const runId = await runIdOf(id, 'saved-extension')
      expect(await current().store.listDue(1_000_000, 10)).toHaveLength(1)
      await current().store.applyResponse(id, accepted({ 'remove-bg': 'pending' }), 4_000)
      expect(await applyFinding(current().store, runId, EVIDENCE, 5_000)).toEqual(NOT_APPLIED)
    })

    test('if evidence and a contradicting webhook are recorded at the same time, the first call settles the run', async () => {
      const id = await submit(['remove-bg'])
      const runId = await runIdOf(id)
      const webhook = newDelivery(id, { service: 'remove-bg', status: 'failed' })
      const [found, recorded] = await Promise.all([
        // Evidence counts without a claim, so the claim here, 0, is none.
        current().store.applyFinding(runId, EVIDENCE, 5_000, 0),
        current().store.recordDelivery(webhook),
      ])
      expect([found.applied, recorded.outcome]).toEqual([true, 'contradicted'])
      expect(await runsOf(id)).toMatchObject([{ status: 'success', evidence: EVIDENCE.evidence }])
    })
  })
}
