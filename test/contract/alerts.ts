import { describe, expect, test } from 'vitest'
import type { Alert } from '../../src/domain/alert.ts'
import { newDelivery } from './builders.ts'
import { applyFinding, submit, sweep } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'
import { withLease } from './with-lease.ts'

const FIRING: Alert = {
  kind: 'failures',
  extension: 'remove-bg',
  alertId: 'alert-1',
  state: 'firing',
  since: 1_000,
  passedAt: 1_000,
  resolvedAt: null,
  value: 12,
  isReported: false,
}
const RESOLVED: Alert = { ...FIRING, state: 'resolved', resolvedAt: 5_000, value: 0 }

export function describeAlerts(current: () => StoreFixture): void {
  const fail = async (name: string, receivedAt: number, requestedAt = 1_000) => {
    const submissionId = await submit(current().store, [name], { at: requestedAt })
    const result = { service: name, status: 'failed' } as const
    await current().store.recordDelivery(newDelivery(submissionId, result, { receivedAt }))
    return submissionId
  }
  const countFailures = async (since: number, atMost = 100) => {
    const counts = await current().store.countFailures(since, atMost)
    return Object.fromEntries(counts.map(({ extension, count }) => [extension, count]))
  }

  describe('failures', () => {
    test('are counted by the time of the failure, not of the request, up to a maximum per extension', async () => {
      expect(await countFailures(0)).toEqual({})
      await fail('remove-bg', 10_000, 9_000)
      await fail('ai-tasks', 10_000, 9_000)
      await fail('remove-bg', 20_000, 500)
      await fail('remove-bg', 20_001, 19_000)
      // An extension that has failed runs, but none since then, is listed with 0.
      expect(await countFailures(20_001)).toEqual({ 'remove-bg': 1, 'ai-tasks': 0 })
      expect(await countFailures(20_000)).toEqual({ 'remove-bg': 2, 'ai-tasks': 0 })
      expect(await countFailures(10_000)).toEqual({ 'remove-bg': 3, 'ai-tasks': 1 })
      expect(await countFailures(0, 2)).toEqual({ 'remove-bg': 2, 'ai-tasks': 1 })
    })

    test('exclude successful, expired and pending runs, and count a repeated webhook once', async () => {
      const { store } = current()
      const submissionId = await fail('remove-bg', 10_000)
      await store.recordDelivery(newDelivery(submissionId, { service: 'remove-bg', status: 'failed' }))
      const others = await submit(store, ['remove-bg', 'ai-tasks', 'google-auto-tagging'])
      const result = { service: 'remove-bg', status: 'success' } as const
      await store.recordDelivery(newDelivery(others, result, { receivedAt: 10_000 }))
      const expiring = (await store.findSubmission(others))?.runs[1]?.runId ?? ''
      await sweep(store)
      await applyFinding(store, expiring, { kind: 'timed_out' }, 10_000)
      expect(await countFailures(0)).toEqual({ 'remove-bg': 1 })
    })
  })

  describe('alerts', () => {
    test('are stored once per kind and extension, and survive a restart', async () => {
      const oldest: Alert = {
        ...FIRING,
        kind: 'oldest_pending',
        extension: '',
        alertId: 'alert-2',
        isReported: true,
      }
      await withLease(current().store).saveAlerts([FIRING, oldest])
      await withLease(current().store).saveAlerts([RESOLVED])
      const store = await current().reopen()
      expect(await store.listAlerts()).toEqual([RESOLVED, oldest])
    })

    test('are marked once they are reported as firing, and deleted once they are reported as resolved', async () => {
      const { store } = current()
      await withLease(store).saveAlerts([FIRING])
      await withLease(store).recordAlertReported(FIRING)
      expect(await store.listAlerts()).toEqual([{ ...FIRING, isReported: true }])
      await withLease(store).saveAlerts([RESOLVED])
      await withLease(store).recordAlertReported(RESOLVED)
      expect(await store.listAlerts()).toEqual([])
    })

    test('are not changed by a report about an earlier state or another alert', async () => {
      const { store } = current()
      await withLease(store).saveAlerts([RESOLVED])
      await withLease(store).recordAlertReported(FIRING)
      await withLease(store).recordAlertReported({ ...RESOLVED, alertId: 'another' })
      expect(await store.listAlerts()).toEqual([RESOLVED])
    })
  })
}
