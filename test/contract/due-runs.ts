import { describe, expect, test } from 'vitest'
import type { NewSubmission } from '../../src/domain/submission.ts'
import { accepted, FILE_ID, newDelivery, refused, submit as submitTo } from './facts.ts'
import type { OpenedStore } from './opened-store.ts'

export function describeDueRuns(current: () => OpenedStore): void {
  const submit = (names: string[], facts: Partial<NewSubmission> = {}) =>
    submitTo(current().store, names, facts)
  const settle = (id: string, service: string) =>
    current().store.recordDelivery(newDelivery(id, { service, status: 'success' }))
  const due = async (now: number, limit = 100) =>
    (await current().store.listDue(now, limit)).map(({ run }) => [run.submissionId, run.name])

  describe('due runs', () => {
    test('are the pending ones whose time has come, the longest due first, at most as many as asked for', async () => {
      const late = await submit(['remove-bg'], { dueAt: 5_000 })
      const early = await submit(['remove-bg', 'ai-tasks'], { dueAt: 4_000 })
      await submit(['remove-bg'], { dueAt: 9_001 })
      await settle(early, 'ai-tasks')

      expect(await due(3_999)).toEqual([])
      expect(await due(9_000)).toEqual([
        [early, 'remove-bg'],
        [late, 'remove-bg'],
      ])
      expect(await due(9_000, 1)).toEqual([[early, 'remove-bg']])
    })

    test('are those too that are due only after the latest time for which anything is planned', async () => {
      const planned = await submit(['remove-bg'], { dueAt: 20_000 })
      const misdated = await submit(['remove-bg', 'ai-tasks'], { dueAt: 20_001 })
      const late = await submit(['remove-bg'], { dueAt: 5_000 })
      await settle(misdated, 'ai-tasks')
      const dueAt = async (now: number, limit = 100) =>
        (await current().store.listDue(now, limit, 20_000)).map(({ run }) => run.submissionId)

      expect(await dueAt(9_000)).toEqual([late, misdated])
      expect(await dueAt(9_000, 1)).toEqual([late])
      expect(await dueAt(20_000)).toEqual([late, planned, misdated])
    })

    test('come with their submission, its other names, and the other submissions of the asset', async () => {
      const update = { fileId: FILE_ID, kind: 'update', dueAt: 90_000 } as const
      const before = await submit(['ai-tasks'], update)
      const id = await submit(['remove-bg', 'ai-tasks', 'google-auto-tagging'], {
        ...update,
        dueAt: 5_000,
        setsDescription: true,
      })
      await settle(id, 'ai-tasks')
      await settle(id, 'google-auto-tagging')
      const after = await submit([], { ...update, setsDescription: true })
      await submit(['remove-bg'], { fileId: 'another', dueAt: 90_000 })

      const { store } = current()
      const [found, earlier, later] = await Promise.all(
        [id, before, after].map((each) => store.findSubmission(each)),
      )
      expect(await store.listDue(5_000, 10)).toEqual([
        {
          run: found?.runs[0],
          submission: found?.submission,
          siblings: ['ai-tasks', 'google-auto-tagging'],
          others: [
            { ...earlier, place: 'earlier' },
            { ...later, place: 'later' },
          ],
        },
      ])
    })

    test('come with the last hundred submissions of the asset, however many it has', async () => {
      const id = await submit(['remove-bg'], { fileId: FILE_ID, dueAt: 5_000 })
      const asked = await Promise.all(
        Array.from({ length: 120 }, () => submit(['ai-tasks'], { fileId: FILE_ID, dueAt: 90_000 })),
      )
      const [due] = await current().store.listDue(5_000, 10)
      expect(due?.run.submissionId).toBe(id)
      expect(due?.others.map(({ submission }) => submission.submissionId)).toEqual(asked.slice(-100))
    })

    test('have no others where the file is not known', async () => {
      await submit(['remove-bg'], { dueAt: 5_000 })
      await submit(['remove-bg'], { dueAt: 90_000 })
      expect(await current().store.listDue(5_000, 10)).toMatchObject([{ siblings: [], others: [] }])
    })

    test('tell each other of one asset, each as it stands to the other', async () => {
      const facts = { fileId: FILE_ID, kind: 'update' } as const
      for (let count = 0; count < 3; count++) await submit(['remove-bg'], facts)
      const places = (await current().store.listDue(9_000, 10)).map(({ others }) => {
        return others.map(({ place }) => place)
      })
      expect(places).toEqual([
        ['later', 'later'],
        ['earlier', 'later'],
        ['earlier', 'earlier'],
      ])
    })

    test('are not those of a rejected submission, unless a webhook proves it after all', async () => {
      const id = await submit(['remove-bg', 'ai-tasks'], { fileId: FILE_ID })
      await current().store.answerSubmission(id, refused('rejected'), 2_000)
      expect(await due(1_000_000)).toEqual([])
      await current().store.recordDelivery(
        newDelivery(id, { service: 'remove-bg', status: 'success' }, { receivedAt: 3_000 }),
      )
      expect(await due(2_999)).toEqual([])
      expect(await due(3_000)).toEqual([[id, 'ai-tasks']])
    })

    test('are those of an unconfirmed submission, and of one that a dead process left, too', async () => {
      const unclear = await submit(['remove-bg'])
      await current().store.answerSubmission(unclear, refused('unconfirmed'), 2_000)
      const left = await submit(['remove-bg'])
      await current().store.recoverAbandoned(3_000)
      expect(await due(9_000)).toEqual([
        [unclear, 'remove-bg'],
        [left, 'remove-bg'],
      ])
    })

    test('that an answer made are due when their siblings are, or at once where they have none', async () => {
      const withSibling = await submit(['remove-bg'], { dueAt: 50_000 })
      await current().store.answerSubmission(withSibling, accepted({ extra: 'pending' }), 2_000)
      const alone = await submit([], { dueAt: 50_000 })
      await current().store.answerSubmission(alone, accepted({ extra: 'pending' }), 2_000)
      expect(await due(49_999)).toEqual([[alone, 'extra']])
      expect(await due(50_000)).toEqual([
        [alone, 'extra'],
        [withSibling, 'remove-bg'],
        [withSibling, 'extra'],
      ])
    })

    test('that take a placeholder’s place keep its time', async () => {
      const id = await submit(['saved-extension'], { dueAt: 50_000 })
      await current().store.answerSubmission(id, accepted({ 'remove-bg': 'pending' }), 2_000)
      expect(await due(49_999)).toEqual([])
      expect(await due(50_000)).toEqual([[id, 'remove-bg']])
    })
  })
}
