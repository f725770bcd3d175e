import { describe, expect, test } from 'vitest'
import { describeAsset } from '../../src/domain/asset.ts'
import type { NewSubmission } from '../../src/domain/submission.ts'
import { accepted, FILE_ID, newDelivery, refused, submit as submitTo } from './facts.ts'
import type { OpenedStore } from './opened-store.ts'

export function describeAssets(current: () => OpenedStore): void {
  const submit = (names: string[], facts: Partial<NewSubmission> = {}) =>
    submitTo(current().store, names, { fileId: FILE_ID, kind: 'update', ...facts })
  const settle = (id: string, service: string, status: 'success' | 'failed') =>
    current().store.recordDelivery(newDelivery(id, { service, status }))
  const statuses = async () => {
    const facts = await current().store.findAsset(FILE_ID)
    return facts && Object.fromEntries(describeAsset(facts).runs.map((run) => [run.name, run.status]))
  }

  describe('assets', () => {
    test('an asset that no submission spoke of is not found', async () => {
      expect(await current().store.findAsset(FILE_ID)).toBeUndefined()
    })

    test('an asset that only a rejected submission spoke of is not found', async () => {
      const id = await submit(['remove-bg'])
      expect(await statuses()).toEqual({ 'remove-bg': 'pending' })
      await current().store.applyResponse(id, refused('rejected'), 2_000)
      expect(await current().store.findAsset(FILE_ID)).toBeUndefined()
    })

    test('an asset without extensions is known, and since when', async () => {
      const id = await submit([], { fileId: null, kind: 'upload' })
      await current().store.applyResponse(id, accepted({}), 2_000)
      expect(await current().store.findAsset(FILE_ID)).toEqual({
        fileId: FILE_ID,
        recordedAt: 2_000,
        runs: [],
      })
    })

    test('the current runs come in the order of insertion', async () => {
      const first = await submit(['remove-bg', 'ai-tasks'])
      const second = await submit(['ai-tasks', 'google-auto-tagging'])
      const facts = await current().store.findAsset(FILE_ID)
      expect(facts?.runs.map((run) => [run.submissionId, run.name])).toEqual([
        [first, 'remove-bg'],
        [second, 'ai-tasks'],
        [second, 'google-auto-tagging'],
      ])
    })

    test('the current run is that of the newest submission, though the clock went back', async () => {
      const older = await submit(['remove-bg', 'ai-tasks'], { at: 9_000_000 })
      const newer = await submit(['remove-bg'], { at: 1 })
      await settle(older, 'remove-bg', 'failed')
      expect(await statuses()).toEqual({ 'remove-bg': 'pending', 'ai-tasks': 'pending' })
      await settle(newer, 'remove-bg', 'success')
      expect(await statuses()).toEqual({ 'remove-bg': 'success', 'ai-tasks': 'pending' })
    })

    test('same-millisecond submissions keep their order', async () => {
      const ids: string[] = []
      for (let count = 0; count < 20; count++) ids.push(await submit(['remove-bg']))
      const facts = await current().store.findAsset(FILE_ID)
      expect(facts?.runs.map((run) => run.submissionId)).toEqual(ids.slice(-1))
    })

    test('when the newest submission is rejected, the run before it is current again', async () => {
      const first = await submit(['remove-bg'])
      await settle(first, 'remove-bg', 'failed')
      const second = await submit(['remove-bg'])
      expect(await statuses()).toEqual({ 'remove-bg': 'pending' })
      await current().store.applyResponse(second, refused('rejected'), 3_000)
      expect(await statuses()).toEqual({ 'remove-bg': 'failed' })
    })

    test('an upload belongs to the asset from the step that first names its file', async () => {
      const id = await submit(['remove-bg'], { fileId: null, kind: 'upload' })
      expect(await current().store.findAsset(FILE_ID)).toBeUndefined()
      await settle(id, 'remove-bg', 'success')
      expect(await statuses()).toEqual({ 'remove-bg': 'success' })
    })
  })
}
