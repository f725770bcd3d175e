import { describe, expect, test } from 'vitest'
import type {
  ListedNotification,
  NotificationFilter,
  NotificationResult,
} from '../../src/domain/notification.ts'
import type { NewSubmission } from '../../src/domain/submission.ts'
import { AN_ATTEMPT, accepted, anAuditEntry, EVIDENCE, newDelivery, unknownIds } from './builders.ts'
import { applyFinding, peekBody, recordNotificationResult, submit as submitTo, sweep } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

const TARGET = 'https://caller.example/hook'
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const FAR_FUTURE = 1_000_000

export function describeNotifications(current: () => StoreFixture): void {
  const submit = (names: string[], facts: Partial<NewSubmission> = {}) =>
    submitTo(current().store, names, { callerWebhookUrl: TARGET, ...facts })
  const deliver = async (id: string, service: string, status: 'success' | 'failed', receivedAt = 2_000) => {
    const delivery = newDelivery(
      id,
      { service, status },
      { receivedAt, body: Buffer.from(`{"ü":${receivedAt}}`) },
    )
    return (await current().store.recordDelivery(delivery)).runId
  }
  const runIdOf = async (id: string) => (await current().store.findSubmission(id))?.runs[0]?.runId ?? ''
  const due = async (now = FAR_FUTURE, perHost = 100) => {
    const { store } = current()
    const page = await store.listDueNotifications(now, { perHost, after: null })
    expect(page.next).toBeNull()
    return Promise.all(page.due.map(async (one) => ({ ...one, body: await peekBody(store, one) })))
  }
  const recordResult = (runId: string | null, result: NotificationResult) =>
    recordNotificationResult(current().store, `msg_${runId}`, result)

  describe('notifications', () => {
    test('a webhook that settles a run is sent to the caller unchanged, in the trace of the submission', async () => {
      const submissionId = await submit(['remove-bg', 'ai-tasks'], { traceparent: TRACEPARENT })
      const runId = await deliver(submissionId, 'remove-bg', 'failed')
      const sent = {
        notificationId: `msg_${runId}`,
        target: TARGET,
        host: 'caller.example',
        traceparent: TRACEPARENT,
      }
      const listed = { body: '{"ü":2000}', attempt: 1, createdAt: 2_000, dueAt: 2_000 }
      expect(await due()).toEqual([{ ...sent, ...listed }])
      expect(await due(2_000)).toHaveLength(1)
      expect(await due(1_999)).toEqual([])
    })

    test('evidence is sent with its notification body', async () => {
      const runId = await runIdOf(await submit(['remove-bg']))
      await sweep(current().store)
      await applyFinding(current().store, runId, EVIDENCE, 5_000)
      const sent = {
        notificationId: `msg_${runId}`,
        target: TARGET,
        body: EVIDENCE.notificationBody,
        attempt: 1,
      }
      expect(await due()).toMatchObject([{ ...sent, createdAt: 5_000 }])
    })

    test('a delivery that waited for the response is sent, unchanged, once the response claims it', async () => {
      const id = await submit(['remove-bg'])
      await deliver(id, 'ai-tasks', 'failed', 2_001)
      await deliver(id, 'ai-tasks', 'success', 2_002)
      await deliver(id, 'google-auto-tagging', 'success', 2_003)
      expect(await due()).toEqual([])
      await current().store.applyResponse(
        id,
        accepted({ 'google-auto-tagging': 'pending', 'ai-tasks': 'pending' }),
        3_000,
      )

      const runs = (await current().store.findSubmission(id))?.runs ?? []
      const notificationIdOf = (name: string) => `msg_${runs.find((run) => run.name === name)?.runId}`
      const sent = (await due()).map(({ notificationId, body, createdAt }) => [
        notificationId,
        body,
        createdAt,
      ])
      // Of the two deliveries about ai-tasks, the first settles the run, so only that one is sent.
      expect(sent).toHaveLength(2)
      expect(sent).toContainEqual([notificationIdOf('ai-tasks'), '{"ü":2001}', 3_000])
      expect(sent).toContainEqual([notificationIdOf('google-auto-tagging'), '{"ü":2003}', 3_000])
    })

    test('a late webhook is sent although its run had expired', async () => {
      const id = await submit(['remove-bg'])
      await sweep(current().store)
      await applyFinding(current().store, await runIdOf(id), { kind: 'timed_out' }, 5_000)
      expect(await due()).toEqual([])
      await deliver(id, 'remove-bg', 'success')
      expect(await due()).toHaveLength(1)
    })

    test('a caller is notified of a run once, despite repeated, contradicting and simultaneous webhooks', async () => {
      const id = await submit(['remove-bg'])
      await Promise.all(
        Array.from({ length: 20 }, (_, index) => deliver(id, 'remove-bg', index % 2 ? 'failed' : 'success')),
      )
      expect(await due()).toHaveLength(1)
    })

    test('nothing is sent for a run that the response settles, for a caller without a URL, or for an ignored delivery', async () => {
      const responded = await submit(['remove-bg'])
      await current().store.applyResponse(responded, accepted({ 'remove-bg': 'success' }), 1_500)
      await deliver(responded, 'remove-bg', 'success')
      await deliver(await submit(['remove-bg'], { callerWebhookUrl: null }), 'remove-bg', 'success')
      await deliver(responded, 'ai-tasks', 'success')
      expect(await due()).toEqual([])
    })

    test('are listed the longest due first, at most `perHost` of each host', async () => {
      const late = await deliver(await submit(['remove-bg']), 'remove-bg', 'success', 4_000)
      const early = await deliver(await submit(['remove-bg']), 'remove-bg', 'success', 3_000)
      const ids = (await due()).map(({ notificationId }) => notificationId)
      expect(ids).toEqual([`msg_${early}`, `msg_${late}`])
      expect(await due(FAR_FUTURE, 1)).toMatchObject([{ notificationId: `msg_${early}` }])
    })

    test('that were created and are due after `latest` count as due now, because the clock was set back', async () => {
      const planned = await deliver(await submit(['remove-bg']), 'remove-bg', 'success', 20_000)
      const misdated = await deliver(await submit(['remove-bg']), 'remove-bg', 'success', 20_001)
      const listed = async (now: number) => {
        const page = { perHost: 100, after: null, latest: 20_000 }
        const { due: notifications } = await current().store.listDueNotifications(now, page)
        return notifications.map(({ notificationId }) => notificationId)
      }
      expect(await listed(9_000)).toEqual([`msg_${misdated}`])
      expect(await listed(20_000)).toEqual([`msg_${planned}`, `msg_${misdated}`])
      // Its new due time is not after `latest`.
      await recordResult(misdated, { kind: 'again', at: 12_000, reason: 'status_500' })
      expect(await listed(9_000)).toEqual([])
      // This one was not created after `latest`, so its due time is no sign of a wrong clock: a receiver may have requested the pause.
      await recordResult(planned, { kind: 'again', at: 50_000, reason: 'status_503' })
      expect(await listed(9_000)).toEqual([])
    })

    test('that were created and are due after `latest` come last within their host, and count towards `perHost`', async () => {
      const deliverTo = async (host: string, receivedAt: number) => {
        const id = await submit(['remove-bg'], { callerWebhookUrl: `https://${host}/hook` })
        return `msg_${await deliver(id, 'remove-bg', 'success', receivedAt)}`
      }
      const ofA = [await deliverTo('a.example', 30_000), await deliverTo('a.example', 30_001)]
      const ofB = [await deliverTo('b.example', 30_002), await deliverTo('b.example', 3_000)]
      const listed = async (perHost: number) => {
        const page = { perHost, after: null, latest: 20_000 }
        const { due: notifications } = await current().store.listDueNotifications(9_000, page)
        return notifications.map(({ notificationId }) => notificationId)
      }
      expect(await listed(2)).toEqual([...ofA, ofB[1], ofB[0]])
      expect(await listed(1)).toEqual([ofA[0], ofB[1]])
    })

    test('are limited per host, and each page begins after the last host of the page before it', async () => {
      // A page contains at most 200 hosts.
      const hosts = Array.from(
        { length: 250 },
        (_, index) => `host-${String(index).padStart(3, '0')}.example:8443`,
      )
      for (const host of [...hosts, hosts[7], hosts[7]]) {
        const id = await submit(['remove-bg'], { callerWebhookUrl: `https://${host}/hook?at=${host}` })
        await deliver(id, 'remove-bg', 'success')
      }
      const { store } = current()
      const listedHosts: string[] = []
      let after: string | null = null
      do {
        const page = await store.listDueNotifications(FAR_FUTURE, { perHost: 2, after })
        listedHosts.push(...page.due.map(({ host }) => host))
        after = page.next
      } while (after !== null)
      expect(listedHosts).toEqual(hosts.flatMap((host, index) => (index === 7 ? [host, host] : [host])))
    })

    test('that are to be sent again are listed as due with another due time and attempt number, and are otherwise the same', async () => {
      const runId = await deliver(await submit(['remove-bg']), 'remove-bg', 'success')
      const [first] = await due()
      await recordResult(runId, { kind: 'again', at: 9_000, reason: 'status_500' })
      expect(await due(8_999)).toEqual([])
      expect(await due(9_000)).toEqual([{ ...first, attempt: 2, dueAt: 9_000 }])
      await recordResult(runId, { kind: 'again', at: 12_000, reason: 'status_500' })
      expect(await due()).toMatchObject([{ attempt: 3, createdAt: 2_000 }])
    })

    test.each([
      { kind: 'delivered' },
      { kind: 'gone', reason: 'status_410' },
      { kind: 'rejected', reason: 'address_not_allowed' },
      { kind: 'given_up', reason: 'status_500' },
    ] as const)(
      'that have ended are not due again because of a late result that plans another attempt: $kind',
      async (result) => {
        const runId = await deliver(await submit(['remove-bg']), 'remove-bg', 'success')
        await recordResult(runId, result)
        expect(await due()).toEqual([])
        await recordResult(runId, { kind: 'again', at: 3_000, reason: 'late' })
        expect(await due()).toEqual([])
      },
    )

    test('are counted: those due, and the others that have not ended', async () => {
      const count = (now: number) => current().store.countNotifications(now)
      expect(await count(FAR_FUTURE)).toEqual({ due: 0, waiting: 0 })
      const runIds: (string | null)[] = []
      for (const receivedAt of [2_000, 3_000, 4_000])
        runIds.push(await deliver(await submit(['remove-bg']), 'remove-bg', 'success', receivedAt))
      await recordResult(runIds[0] ?? null, { kind: 'delivered' })
      await recordResult(runIds[1] ?? null, { kind: 'again', at: 9_000, reason: 'status_500' })
      expect(await count(4_000)).toEqual({ due: 1, waiting: 1 })
      expect(await count(9_000)).toEqual({ due: 2, waiting: 0 })
    })

    test('that are unknown cannot be claimed, and a result for them has no effect', async () => {
      await recordResult('unknown', { kind: 'delivered' })
      await recordResult('unknown', { kind: 'again', at: 3_000, reason: 'late' })
      expect(await due()).toEqual([])
      const runId = await deliver(await submit(['remove-bg']), 'remove-bg', 'success')
      const before = await due()
      for (const unknown of unknownIds(runId ?? '')) {
        await recordResult(unknown, { kind: 'delivered' })
        expect(await current().store.claimNotification(`msg_${unknown}`, 2_000, 9_000)).toBeUndefined()
      }
      expect(before).toHaveLength(1)
      expect(await due()).toEqual(before)
    })

    test('are listed newest first with their attempts, by state and file, page by page', async () => {
      const { store } = current()
      const submitSettled = async (fileId: string) => {
        const id = await submit(['remove-bg'], { fileId })
        const result = { service: 'remove-bg', status: 'success', fileId } as const
        return (await store.recordDelivery(newDelivery(id, result))).runId ?? ''
      }
      const runIds: string[] = []
      for (const fileId of ['file-1', 'file-2', 'file-1', 'file-1']) runIds.push(await submitSettled(fileId))
      const [delivered = '', again = '', gone = '', fresh = ''] = runIds
      await recordResult(delivered, { kind: 'delivered' })
      await recordResult(again, { kind: 'again', at: 9_000, reason: 'status_500' })
      await recordResult(again, { kind: 'again', at: 12_000, reason: 'status_503' })
      await recordResult(gone, { kind: 'gone', reason: 'status_410' })
      const list = async (filter: Partial<NotificationFilter>) => {
        const found: ListedNotification[] = []
        let before: number | null = null
        do {
          const page: Awaited<ReturnType<typeof store.listNotifications>> = await store.listNotifications(
            { state: null, fileId: null, ...filter },
            { limit: 2, before },
          )
          found.push(...page.notifications)
          before = page.next
        } while (before !== null)
        return found
      }
      const all = await list({})
      expect(all.map(({ runId }) => runId)).toEqual([fresh, gone, again, delivered])
      const attempt = (result: NotificationResult['kind'], reason: string | null) => {
        return { ...AN_ATTEMPT, result, reason }
      }
      expect(all).toMatchObject([
        { notificationId: `msg_${fresh}`, fileId: 'file-1', state: 'waiting', dueAt: 2_000, attempts: [] },
        // No attempt follows the result `gone`, so the state is `given_up`.
        { state: 'given_up', dueAt: null, attempts: [attempt('gone', 'status_410')] },
        {
          fileId: 'file-2',
          host: 'caller.example',
          createdAt: 2_000,
          state: 'waiting',
          dueAt: 12_000,
          attempts: [attempt('again', 'status_500'), attempt('again', 'status_503')],
        },
        { state: 'delivered', dueAt: null, attempts: [attempt('delivered', null)] },
      ])
      const idsOf = async (filter: Partial<NotificationFilter>) =>
        (await list(filter)).map(({ runId }) => runId)
      expect(await idsOf({ state: 'waiting' })).toEqual([fresh, again])
      expect(await idsOf({ state: 'delivered' })).toEqual([delivered])
      expect(await idsOf({ state: 'given_up' })).toEqual([gone])
      expect(await idsOf({ fileId: 'file-1', state: 'waiting' })).toEqual([fresh])
      expect(await store.findNotification(`msg_${gone}`)).toEqual(all[1])
      // `gone` is the id of a run: without `msg_`, it is not the id of a notification.
      for (const unknown of [gone, ...unknownIds(gone).map((id) => `msg_${id}`)])
        expect(await store.findNotification(unknown)).toBeUndefined()
    })

    test('that have ended can be sent again, with the same id and a given body', async () => {
      const { store } = current()
      const runId = (await deliver(await submit(['remove-bg']), 'remove-bg', 'success')) ?? ''
      const notificationId = `msg_${runId}`
      await recordResult(runId, { kind: 'delivered' })
      const entry = anAuditEntry({ at: 8_000, kind: 'resend', subject: notificationId })
      const unknown = unknownIds(runId).map((id) => ({ notificationId: `msg_${id}`, body: 'other' }))
      const resent = await store.resendNotifications([{ notificationId, body: '{"n":1}' }, ...unknown], entry)
      expect(resent).toEqual([notificationId])
      expect(await due()).toMatchObject([
        { notificationId, body: '{"n":1}', attempt: 1, createdAt: 8_000, dueAt: 8_000 },
      ])
      const reopened = await current().reopen()
      expect(await reopened.findNotification(notificationId)).toMatchObject({
        state: 'waiting',
        attempts: [{ ...AN_ATTEMPT, result: 'delivered', reason: null }],
      })
      const { auditEntries } = await reopened.listAuditEntries({ limit: 10, before: null })
      expect(auditEntries).toEqual([entry])
    })

    test('are stored with the step that creates them, or not at all', async () => {
      const id = await submit(['remove-bg', 'ai-tasks'])
      await deliver(id, 'remove-bg', 'success')
      await current().failInserts('deliveries', 6_000)
      await expect(deliver(id, 'ai-tasks', 'success', 6_000)).rejects.toThrow()
      const store = await current().reopen()
      const page = await store.listDueNotifications(FAR_FUTURE, { perHost: 10, after: null })
      expect(page.due).toHaveLength(1)
    })
  })
}
