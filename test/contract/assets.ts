import { describe, expect, test } from 'vitest'
import { describeAsset } from '../../src/domain/asset.ts'
import type { NewSubmission } from '../../src/domain/submission.ts'
import { accepted, FILE_ID, newDelivery, unaccepted } from './builders.ts'
import { submit as submitTo } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

export function describeAssets(current: () => StoreFixture): void {
  const submit = (names: string[], facts: Partial<NewSubmission> = {}) =>
    submitTo(current().store, names, { fileId: FILE_ID, kind: 'update', ...facts })
  const settle = (id: string, service: string, status: 'success' | 'failed') =>
    current().store.recordDelivery(newDelivery(id, { service, status }))
  const statuses = async () => {
    const facts = await current().store.findAsset(FILE_ID)
    return facts && Object.fromEntries(describeAsset(facts).runs.map((run) => [run.name, run.status]))
  }

  describe('assets', () => {
    test('an asset that no submission names is not found', async () => {
      expect(await current().store.findAsset(FILE_ID)).toBeUndefined()
    })

    test('an asset that only a rejected submission names is not found', async () => {
      const id = await submit(['remove-bg'])
      expect(await statuses()).toEqual({ 'remove-bg': 'pending' })
      await current().store.applyResponse(id, unaccepted('rejected'), 2_000)
      expect(await current().store.findAsset(FILE_ID)).toBeUndefined()
    })

    test('an asset without extensions is found, with the time at which its submission last changed', async () => {
      const id = await submit([], { fileId: null, kind: 'upload' })
      await current().store.applyResponse(id, accepted({}), 2_000)
      expect(await current().store.findAsset(FILE_ID)).toEqual({
        fileId: FILE_ID,
        recordedAt: 2_000,
        runs: [],
      })
    })

    test('the current runs are listed in insertion order', async () => {
      const first = await submit(['remove-bg', 'ai-tasks'])
      const second = await submit(['ai-tasks', 'google-auto-tagging'])
      const facts = await current().store.findAsset(FILE_ID)
      expect(facts?.runs.map((run) => [run.submissionId, run.name])).toEqual([
        [first, 'remove-bg'],
        [second, 'ai-tasks'],
        [second, 'google-auto-tagging'],
      ])
    })

    test('the current run belongs to the newest submission, even if the clock was set back', async () => {
      const older = await submit(['remove-bg', 'ai-tasks'], { at: 9_000_000 })
      const newer = await submit(['remove-bg'], { at: 1 })
      await settle(older, 'remove-bg', 'failed')
      expect(await statuses()).toEqual({ 'remove-bg': 'pending', 'ai-tasks': 'pending' })
      await settle(newer, 'remove-bg', 'success')
      expect(await statuses()).toEqual({ 'remove-bg': 'success', 'ai-tasks': 'pending' })
    })

    test('of several submissions in one millisecond, the last one has the current run', async () => {
      const ids: string[] = []
      for (let count = 0; count < 20; count++) ids.push(await submit(['remove-bg']))
      const facts = await current().store.findAsset(FILE_ID)
      expect(facts?.runs.map((run) => run.submissionId)).toEqual(ids.slice(-1))
    })

    test('if the newest submission is rejected, the previous run becomes current again', async () => {
      const first = await submit(['remove-bg'])
      await settle(first, 'remove-bg', 'failed')
      const second = await submit(['remove-bg'])
      expect(await statuses()).toEqual({ 'remove-bg': 'pending' })
      await current().store.applyResponse(second, unaccepted('rejected'), 3_000)
      expect(await statuses()).toEqual({ 'remove-bg': 'failed' })
    })

    test('an upload belongs to an asset from the step that first names its file', async () => {
      const id = await submit(['remove-bg'], { fileId: null, kind: 'upload' })
      expect(await current().store.findAsset(FILE_ID)).toBeUndefined()
      await settle(id, 'remove-bg', 'success')
      expect(await statuses()).toEqual({ 'remove-bg': 'success' })
    })
  })
}
