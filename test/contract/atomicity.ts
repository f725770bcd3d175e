import { describe, expect, test } from 'vitest'
import { accepted, newDelivery, newSubmission } from './facts.ts'
import type { OpenedStore } from './opened-store.ts'

export function describeAtomicity(current: () => OpenedStore): void {
  describe('atomic steps', () => {
    test('a step that fails among neighbours fails alone', async () => {
      const { store } = current()
      const taken = newSubmission(['remove-bg'])
      await store.createSubmission(taken)
      const asked = Array.from({ length: 30 }, (_, index) =>
        index % 10 === 5 ? taken : newSubmission(['remove-bg']),
      )
      const settled = await Promise.allSettled(asked.map((submission) => store.createSubmission(submission)))

      for (const [index, submission] of asked.entries()) {
        const isTaken = submission === taken
        expect(settled[index]?.status).toBe(isTaken ? 'rejected' : 'fulfilled')
        expect((await store.findSubmission(submission.submissionId))?.runs).toHaveLength(1)
      }
    })

    test('when a delivery cannot be kept, its effect is taken back with it', async () => {
      const { store } = current()
      const asked = newSubmission(['remove-bg', 'ai-tasks'])
      await store.createSubmission(asked)
      const kept = newDelivery(asked.submissionId, { service: 'remove-bg', status: 'success' })
      await store.recordDelivery(kept)
      const { deliveryId } = kept
      const clashing = newDelivery(
        asked.submissionId,
        { service: 'ai-tasks', status: 'failed' },
        { deliveryId },
      )

      await expect(store.recordDelivery(clashing)).rejects.toThrow()
      const found = await store.findSubmission(asked.submissionId)
      expect(found?.runs.map((run) => run.status)).toEqual(['success', 'pending'])
    })

    test('a delivery among steps that fail is kept once, with its effect', async () => {
      const { store } = current()
      const asked = newSubmission(['remove-bg', 'ai-tasks'])
      await store.createSubmission(asked)
      const deliver = (service: string) =>
        store.recordDelivery(newDelivery(asked.submissionId, { service, status: 'success' }))
      const settled = await Promise.allSettled([
        deliver('remove-bg'),
        store.answerSubmission('unknown', accepted({}), 3_000),
        deliver('ai-tasks'),
        store.createSubmission(asked),
      ])

      expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected'])
      const found = await store.findSubmission(asked.submissionId)
      expect(found?.runs.map((run) => run.status)).toEqual(['success', 'success'])
      const page = await store.listDeliveries({ outcome: null, fileId: null }, { limit: 10, before: null })
      expect(page.deliveries.map(({ service }) => service)).toEqual(['ai-tasks', 'remove-bg'])
    })

    test('steps take effect in the order in which they were asked for', async () => {
      const { store } = current()
      const asked = newSubmission(['remove-bg'])
      const say = (status: 'success' | 'failed') =>
        store.recordDelivery(newDelivery(asked.submissionId, { service: 'remove-bg', status }))
      const [, first, second] = await Promise.all([
        store.createSubmission(asked),
        say('failed'),
        say('success'),
      ])
      expect([first.outcome, second.outcome]).toEqual(['applied', 'contradicted'])
    })

    test('a probe commits a write, any number of times', async () => {
      const { store } = current()
      const steps: number[] = []
      store.watchCommits((commit) => steps.push(commit.steps))
      await Promise.all(Array.from({ length: 10 }, () => store.probe()))
      await store.probe()
      expect(steps.reduce((sum, count) => sum + count, 0)).toBe(11)
    })
  })
}
