import { describe, expect, test } from 'vitest'
import type { NewSubmission } from '../../src/domain/submission.ts'
import { accepted, FILE_ID, newDelivery, unaccepted } from './builders.ts'
import { applyFinding, submit as submitTo, sweep } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

export function describeDueRuns(current: () => StoreFixture): void {
  const submit = (names: string[], facts: Partial<NewSubmission> = {}) =>
    submitTo(current().store, names, facts)
  const settle = (id: string, service: string) =>
    current().store.recordDelivery(newDelivery(id, { service, status: 'success' }))
  const due = async (now: number, limit = 100) =>
    (await current().store.listDue(now, limit)).map(({ run }) => [run.submissionId, run.name])
  const runIdOf = async (id: string, name = 'remove-bg') =>
    (await current().store.findSubmission(id))?.runs.find((run) => run.name === name)?.runId ?? ''
  /** Records that a check found nothing new, and when the next check is due. */
  const postpone = async (id: string, dueAt: number, name?: string) =>
    applyFinding(current().store, await runIdOf(id, name), { kind: 'unchanged', dueAt }, 3_000)

  describe('due runs', () => {
    test('include pending runs whose due time has passed, the longest due first, at most `limit`, and no settled ones', async () => {
      const late = await submit(['remove-bg'], { at: 5_000 })
      const early = await submit(['remove-bg', 'ai-tasks'], { at: 4_000 })
      const later = await submit(['remove-bg'], { at: 9_001 })
      await settle(early, 'ai-tasks')
      await sweep(current().store)

      expect(await due(3_999)).toEqual([])
      expect(await due(9_000)).toEqual([
        [early, 'remove-bg'],
        [late, 'remove-bg'],
      ])
      expect(await due(9_000, 1)).toEqual([[early, 'remove-bg']])
      expect(await due(9_001)).toHaveLength(3)
      await settle(later, 'remove-bg')
      expect(await due(9_001)).toHaveLength(2)
    })

    test('include, as the last ones, runs due after `latest`: the clock was set back after their due time was chosen', async () => {
      const planned = await submit(['remove-bg'])
      const misdated = await submit(['remove-bg', 'ai-tasks'])
      const late = await submit(['remove-bg'], { at: 5_000 })
      await sweep(current().store)
      await postpone(planned, 20_000)
      await postpone(misdated, 20_001)
      await postpone(misdated, 20_001, 'ai-tasks')
      await settle(misdated, 'ai-tasks')
      const listIds = async (now: number, limit = 100) =>
        (await current().store.listDue(now, limit, 20_000)).map(({ run }) => run.submissionId)

      expect(await listIds(9_000)).toEqual([late, misdated])
      expect(await listIds(9_000, 1)).toEqual([late])
      expect(await listIds(20_000)).toEqual([late, planned, misdated])
    })

    test('are listed with their submission, its other extensions, and the other submissions of the asset', async () => {
      const update = { fileId: FILE_ID, kind: 'update', at: 5_000 } as const
      const before = await submit(['ai-tasks'], update)
      const id = await submit(['remove-bg', 'ai-tasks', 'google-auto-tagging'], {
        ...update,
        setsDescription: true,
      })
      await settle(id, 'ai-tasks')
      await settle(id, 'google-auto-tagging')
      const after = await submit([], { ...update, setsDescription: true })
      await submit(['remove-bg'], { fileId: 'another', at: 90_000 })

      const { store } = current()
      await sweep(store)
      await postpone(before, 90_000, 'ai-tasks')
      const [found, earlier, later] = await Promise.all(
        [id, before, after].map((submissionId) => store.findSubmission(submissionId)),
      )
      expect(await store.listDue(5_000, 10)).toEqual([
        {
          run: found?.runs[0],
          dueAt: 5_000,
          submission: found?.submission,
          siblings: ['ai-tasks', 'google-auto-tagging'],
          others: [
            { ...earlier, place: 'earlier' },
            { ...later, place: 'later' },
          ],
        },
      ])
    })

    test('are listed with the other submissions among the newest hundred of the asset, however many it has', async () => {
      const id = await submit(['remove-bg'], { fileId: FILE_ID, at: 5_000 })
      const submissionIds = await Promise.all(
        Array.from({ length: 120 }, () => submit(['ai-tasks'], { fileId: FILE_ID, at: 90_000 })),
      )
      await sweep(current().store)
      const [dueRun] = await current().store.listDue(5_000, 10)
      expect(dueRun?.run.submissionId).toBe(id)
      expect(dueRun?.others.map(({ submission }) => submission.submissionId)).toEqual(
        submissionIds.slice(-100),
      )
    })

    test('are listed without other submissions if the file is unknown', async () => {
      await submit(['remove-bg'], { at: 5_000 })
      await submit(['remove-bg'], { at: 90_000 })
      await sweep(current().store)
      expect(await current().store.listDue(5_000, 10)).toMatchObject([{ siblings: [], others: [] }])
    })

    test('of the same asset are listed with each other’s submissions, each marked as earlier or later', async () => {
      const facts = { fileId: FILE_ID, kind: 'update' } as const
      for (let count = 0; count < 3; count++) await submit(['remove-bg'], facts)
      await sweep(current().store)
      const places = (await current().store.listDue(9_000, 10)).map(({ others }) => {
        return others.map(({ place }) => place)
      })
      expect(places).toEqual([
        ['later', 'later'],
        ['earlier', 'later'],
        ['earlier', 'earlier'],
      ])
    })

    test.each(['before', 'after'])(
      'exclude those of a submission rejected %s the sweep, until a webhook shows that ImageKit has accepted it',
      async (when) => {
        const id = await submit(['remove-bg', 'ai-tasks'], { fileId: FILE_ID })
        if (when === 'after') await sweep(current().store)
        await current().store.applyResponse(id, unaccepted('rejected'), 2_000)
        if (when === 'before') await sweep(current().store)
        expect(await due(1_000_000)).toEqual([])
        await current().store.recordDelivery(
          newDelivery(id, { service: 'remove-bg', status: 'success' }, { receivedAt: 3_000 }),
        )
        expect(await due(2_999)).toEqual([])
        expect(await due(3_000)).toEqual([[id, 'ai-tasks']])
      },
    )

    test('include those of unconfirmed submissions, and of submissions that a dead process left in progress', async () => {
      const unclear = await submit(['remove-bg'])
      await current().store.applyResponse(unclear, unaccepted('unconfirmed'), 2_000)
      const abandoned = await submit(['remove-bg'])
      // This process has never written a heartbeat, so its own work counts as that of a dead process.
      await current().store.recoverAbandoned(3_000, 3_000)
      await sweep(current().store)
      expect(await due(9_000)).toEqual([
        [unclear, 'remove-bg'],
        [abandoned, 'remove-bg'],
      ])
    })

    test('that a response added are due at the same time as their siblings; without siblings, once the sweep has passed them', async () => {
      const withSibling = await submit(['remove-bg'])
      await sweep(current().store)
      await postpone(withSibling, 50_000)
      const alone = await submit([])
      for (const id of [withSibling, alone])
        await current().store.applyResponse(id, accepted({ extra: 'pending' }), 2_000)
      expect(await due(49_999)).toEqual([])
      expect(await due(50_000)).toEqual([
        [withSibling, 'remove-bg'],
        [withSibling, 'extra'],
      ])
      await sweep(current().store)
      expect(await due(49_999)).toEqual([[alone, 'extra']])
      expect(await due(50_000)).toHaveLength(3)
    })

    test('that replace a placeholder keep its due time', async () => {
      const id = await submit(['saved-extension'])
      await sweep(current().store)
      await postpone(id, 50_000, 'saved-extension')
      await current().store.applyResponse(id, accepted({ 'remove-bg': 'pending' }), 2_000)
      await sweep(current().store)
      expect(await due(49_999)).toEqual([])
      expect(await due(50_000)).toEqual([[id, 'remove-bg']])
    })
  })
}
