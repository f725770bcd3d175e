import { expect, test } from 'vitest'
import { readRows } from '../support/database.ts'
import { readText } from '../support/html.ts'
import { ask } from '../support/operator.ts'
import { signIn } from '../support/operator-browser.ts'
import { startReceiver } from '../support/receiver.ts'
import { API_KEY, type RunningTracker, startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { deliver, FILE_ID, payload } from '../support/webhooks.ts'
import { EAGER, uploadWith } from './reconcile-setup.ts'

const ENV = { ALLOW_PRIVATE_TARGETS: 'true' }

type ListedNotification = {
  notificationId: string
  state: string
  fileId: string | null
  runId: string
  nextAttemptAt: string | null
  attempts: { at: string; result: string; status: number | null; reason: string | null }[]
}

/** Registers an upload whose caller is to be notified, and settles its run as failed. */
async function registerAndFail(tracker: RunningTracker, webhookUrl: string, fileId = FILE_ID): Promise<void> {
  const registered = await ask<{ webhookUrl: string }>(tracker, '/submissions', {
    method: 'POST',
    body: { extensions: [{ name: 'remove-bg' }], fileId, webhookUrl },
  })
  const body = { ...payload('remove-bg', 'failure'), fileId }
  expect((await deliver(registered.json.webhookUrl, body)).json).toEqual({ outcome: 'applied' })
}

async function list(tracker: RunningTracker, query = ''): Promise<ListedNotification[]> {
  const { status, json } = await ask<{ notifications: ListedNotification[] }>(
    tracker,
    `/notifications${query}`,
  )
  expect(status).toBe(200)
  return json.notifications
}

const resend = (tracker: RunningTracker, path: string, body: object) =>
  ask<ListedNotification>(tracker, `/notifications/${path}`, { method: 'POST', body })

test('a notification is listed with its attempts, and resent with the same id and body', async () => {
  let status = 410
  const receiver = await startReceiver((_request, response) => response.writeHead(status).end())
  const tracker = await startTracker(ENV)
  await registerAndFail(tracker, receiver.url)
  await expect.poll(async () => (await list(tracker))[0]?.state).toBe('given_up')
  const [notification] = await list(tracker)
  expect(notification).toMatchObject({
    fileId: FILE_ID,
    nextAttemptAt: null,
    attempts: [{ at: expect.any(String), result: 'gone', status: 410, reason: 'status_410' }],
  })
  expect(notification?.notificationId).toBe(`msg_${notification?.runId}`)
  const id = notification?.notificationId ?? ''
  expect((await ask(tracker, `/notifications/${id}`)).json).toEqual(notification)

  status = 204
  const resent = await resend(tracker, `${id}/resend`, { reason: 'the receiver is back' })
  expect(resent).toMatchObject({ status: 202, json: { notificationId: id, state: expect.any(String) } })
  await expect.poll(async () => (await list(tracker))[0]?.state).toBe('delivered')
  const [delivered] = await list(tracker, '?state=delivered')
  expect(delivered?.attempts.map((attempt) => [attempt.result, attempt.status])).toEqual([
    ['gone', 410],
    ['delivered', 204],
  ])
  const [first, second] = receiver.requests
  expect(second?.body).toBe(first?.body)
  expect(second?.headers['webhook-id']).toBe(id)
  expect((await ask(tracker, '/audit')).json).toMatchObject({
    entries: [{ kind: 'resend', subject: id, reason: 'the receiver is back' }],
  })
})

test('a notification about a run settled by evidence is resent with a payload built from the run', async () => {
  const receiver = await startReceiver()
  const { tracker } = await startTrackerAndSandbox({ ...EAGER, ...ENV })
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'], {
    tags: 'sandbox:delay=10,sandbox:webhook=drop',
    webhookUrl: receiver.url,
  })
  await expect.poll(async () => (await list(tracker, `?fileId=${fileId}`))[0]?.state).toBe('delivered')
  const [sent] = await list(tracker)
  expect((await resend(tracker, `${sent?.notificationId}/resend`, {})).status).toBe(202)
  await expect.poll(() => receiver.requests.length).toBe(2)
  expect(JSON.parse(receiver.requests[1]?.body ?? '')).toEqual({
    service: 'aws-auto-tagging',
    status: 'SUCCESS',
    fileObject: { fileId, name: expect.any(String) },
  })
})

test('notifications are listed page by page, and all that match a filter can be resent', async () => {
  const receiver = await startReceiver()
  const tracker = await startTracker(ENV)
  const files = ['file-1', 'file-2', 'file-1']
  for (const fileId of files) await registerAndFail(tracker, receiver.url, fileId)
  await expect.poll(async () => (await list(tracker, '?state=delivered')).length).toBe(3)
  expect((await list(tracker, '?fileId=file-1')).map(({ fileId }) => fileId)).toEqual(['file-1', 'file-1'])
  const page = await ask<{ notifications: ListedNotification[]; nextCursor: string }>(
    tracker,
    '/notifications?limit=2',
  )
  expect(page.json.notifications.map(({ fileId }) => fileId)).toEqual(['file-1', 'file-2'])
  expect(page.headers.get('link')).toContain('rel="next"')
  expect(await list(tracker, `?limit=2&cursor=${page.json.nextCursor}`)).toHaveLength(1)

  expect((await resend(tracker, 'resend', { state: 'given_up' })).json).toEqual({ total: 0 })
  const resent = await resend(tracker, 'resend', { state: 'delivered', fileId: 'file-1' })
  expect(resent).toMatchObject({ status: 202, json: { total: 2 } })
  await expect.poll(() => receiver.requests.length).toBe(5)
  const resends = await readRows<{ count: number }>(
    tracker.database,
    "SELECT count(*) AS count FROM audit_log WHERE kind = 'resend'",
  )
  // The resend that matched nothing has no entry.
  expect(Number(resends[0]?.count)).toBe(1)
  const browser = await signIn(tracker)
  expect(readText((await browser.get('/admin/audit')).html)).toContain('operator resent 2 notifications')
})

test('the notification routes require an admin key, a known id and valid parameters', async () => {
  const tracker = await startTracker(ENV)
  expect((await ask(tracker, '/notifications', { key: API_KEY })).status).toBe(403)
  expect((await tracker.fetch('/notifications/resend', { method: 'POST' })).status).toBe(403)
  expect((await ask(tracker, '/notifications?state=sent')).status).toBe(400)
  expect((await ask(tracker, '/notifications?status=waiting')).status).toBe(400)
  expect((await resend(tracker, 'resend', { status: 'given_up' })).status).toBe(400)
  expect((await ask(tracker, '/notifications/msg_run_1_AAAAAAAAAAA')).status).toBe(404)
  expect((await resend(tracker, 'msg_run_1_AAAAAAAAAAA/resend', {})).status).toBe(404)
  expect(await list(tracker)).toEqual([])
})
