import { describe, expect, test } from 'vitest'
import { EVERY_DELIVERY } from '../../src/domain/listed-delivery.ts'
import { accepted, newDelivery } from './builders.ts'
import { submit } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

export function describeSavedExtensions(current: () => StoreFixture): void {
  const submitSaved = (...ids: string[]) => {
    const extensions = ids.map((id) => ({ name: 'saved-extension', id }))
    return submit(current().store, [], { extensions })
  }
  const deliver = (id: string, service: string) =>
    current().store.recordDelivery(newDelivery(id, { service, status: 'success' }))
  const statusesOf = async (id: string) => {
    const found = await current().store.findSubmission(id)
    return Object.fromEntries(found?.runs.map((run) => [run.name, run.status]) ?? [])
  }

  describe('saved extensions', () => {
    test('a placeholder is removed when the response names its extension', async () => {
      const id = await submitSaved('one')
      expect(await statusesOf(id)).toEqual({ 'saved-extension': 'pending' })
      await current().store.applyResponse(id, accepted({ 'remove-bg': 'pending' }), 2_000)
      expect(await statusesOf(id)).toEqual({ 'remove-bg': 'pending' })
    })

    test('a placeholder is removed when a webhook names its extension', async () => {
      const id = await submitSaved('one')
      expect(await deliver(id, 'remove-bg')).toMatchObject({ outcome: 'applied' })
      expect(await statusesOf(id)).toEqual({ 'remove-bg': 'success' })
      expect(await deliver(id, 'ai-tasks')).toMatchObject({ outcome: 'ignored', cause: 'not_requested' })
    })

    test('the placeholder of two extensions waits for both', async () => {
      const id = await submitSaved('one', 'two')
      await deliver(id, 'remove-bg')
      expect(await statusesOf(id)).toEqual({ 'saved-extension': 'pending', 'remove-bg': 'success' })
      await deliver(id, 'ai-tasks')
      expect(await statusesOf(id)).toEqual({ 'remove-bg': 'success', 'ai-tasks': 'success' })
    })

    test('a placeholder that a delivery has named can still be removed', async () => {
      const id = await submitSaved('one')
      const unclear = newDelivery(id, { service: 'saved-extension' })
      expect(await current().store.recordDelivery(unclear)).toMatchObject({ cause: 'unknown_status' })
      expect(await deliver(id, 'remove-bg')).toMatchObject({ outcome: 'applied' })
      expect(await statusesOf(id)).toEqual({ 'remove-bg': 'success' })
    })

    test('the run that replaces a placeholder has `saved-extension` as its requested name', async () => {
      const id = await submitSaved('one')
      await deliver(id, 'remove-bg')
      const found = await current().store.findSubmission(id)
      expect(found?.runs).toMatchObject([{ name: 'remove-bg', requestedAs: 'saved-extension' }])
    })
  })

  describe('a delivery for a service that was not requested', () => {
    test('is applied together with the response that names the service', async () => {
      const submissionId = await submit(current().store, ['remove-bg'])
      const result = { service: 'ai-tasks', status: 'failed', error: { message: 'no' } } as const
      expect(await current().store.recordDelivery(newDelivery(submissionId, result))).toMatchObject({
        outcome: 'ignored',
      })
      await current().store.applyResponse(submissionId, accepted({ 'ai-tasks': 'pending' }), 3_000)
      const found = await current().store.findSubmission(submissionId)
      const addedRun = { name: 'ai-tasks', status: 'failed', source: 'webhook', error: { message: 'no' } }
      expect(found?.runs).toMatchObject([{ name: 'remove-bg', status: 'pending' }, addedRun])
      expect(await current().store.recordDelivery(newDelivery(submissionId, result))).toMatchObject({
        outcome: 'duplicate',
      })
    })

    test('is applied even if it is recorded in the same batch as the response, together with other deliveries', async () => {
      const { store } = current()
      const submissionIds = await Promise.all(Array.from({ length: 5 }, () => submit(store, ['remove-bg'])))
      const result = { service: 'ai-tasks', status: 'success' } as const
      await Promise.all(
        submissionIds.flatMap((submissionId) => [
          store.recordDelivery(newDelivery(submissionId, result)),
          store.applyResponse(submissionId, accepted({ 'ai-tasks': 'pending' }), 3_000),
          store.recordDelivery(newDelivery(submissionId, { service: 'remove-bg', status: 'failed' })),
        ]),
      )
      for (const submissionId of submissionIds)
        expect((await store.findSubmission(submissionId))?.runs).toMatchObject([
          { name: 'remove-bg', status: 'failed' },
          { name: 'ai-tasks', status: 'success', source: 'webhook' },
        ])
      const { deliveries } = await store.listDeliveries(EVERY_DELIVERY, { limit: 20, before: null })
      expect(deliveries.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 10 }, () => 'applied'))
    })
  })
}
