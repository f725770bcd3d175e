import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { startReceiver } from '../support/receiver.ts'
import { startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { deliver, statusOf } from '../support/webhooks.ts'
import {
  AWS_TAG,
  EAGER,
  movingClock,
  reconcileNow,
  rowsOf,
  startLibrary,
  uploadWith,
  WITHOUT_RECONCILER,
} from './reconcile-setup.ts'

const SECRET = `whsec_${Buffer.alloc(24, 1).toString('base64')}`
const ENV = { ALLOW_PRIVATE_TARGETS: 'true', TRACKER_WEBHOOK_SECRET: SECRET }

type ReceivedRequest = Awaited<ReturnType<typeof startReceiver>>['requests'][number]

/** Verifies the signature with the library of Standard Webhooks, like a caller. Throws if the signature is invalid. */
function verifyRequest({ headers, body }: ReceivedRequest): unknown {
  return new Webhook(SECRET).verify(body, {
    'webhook-id': String(headers['webhook-id']),
    'webhook-timestamp': String(headers['webhook-timestamp']),
    'webhook-signature': String(headers['webhook-signature']),
  })
}

test("each run that a webhook settles causes one signed notification in ImageKit's payload shape", async () => {
  const receiver = await startReceiver()
  const { tracker } = await startTrackerAndSandbox({ ...WITHOUT_RECONCILER, ...ENV })
  const { fileId } = await uploadWith(tracker, ['remove-bg', 'ai-tasks', 'aws-auto-tagging'], {
    // ImageKit sends each webhook three times. Its response settles aws-auto-tagging, so the caller gets no notification of that run.
    tags: 'sandbox:delay=10,sandbox:webhook=duplicate,sandbox:ai-tasks=failed,sandbox:aws-auto-tagging=success-now',
    webhookUrl: `${receiver.url}?appId=1`,
  })
  await expect.poll(() => receiver.requests.length).toBe(2)

  const { extensions } = await statusOf(tracker, fileId)
  const runIdOf = (name: string) => extensions.find((run) => run.name === name)?.runId
  const received = receiver.requests.map((request) => [request.headers['webhook-id'], verifyRequest(request)])
  expect(Object.fromEntries(received)).toEqual({
    [`msg_${runIdOf('remove-bg')}`]: {
      service: 'remove-bg',
      status: 'SUCCESS',
      fileObject: expect.objectContaining({ fileId, filePath: expect.any(String) }),
    },
    [`msg_${runIdOf('ai-tasks')}`]: {
      service: 'ai-tasks',
      status: 'FAILURE',
      fileId,
      error: expect.any(Object),
    },
  })
  for (const request of receiver.requests) {
    expect(request).toMatchObject({ method: 'POST', path: '/hook?appId=1' })
    expect(Math.abs(Number(request.headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(60)
  }
  await expect
    .poll(() => rowsOf(tracker, 'SELECT result FROM notifications'))
    .toEqual([{ result: 'delivered' }, { result: 'delivered' }])
  expect(receiver.requests).toHaveLength(2)
})

test("a run that evidence settles causes a signed notification in ImageKit's payload shape", async () => {
  const receiver = await startReceiver()
  const { tracker } = await startTrackerAndSandbox({ ...EAGER, ...ENV })
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'], {
    tags: 'sandbox:delay=10,sandbox:webhook=drop',
    webhookUrl: receiver.url,
  })
  await expect.poll(() => receiver.requests.length).toBe(1)
  const [received] = receiver.requests
  expect(received && verifyRequest(received)).toEqual({
    service: 'aws-auto-tagging',
    status: 'SUCCESS',
    fileObject: expect.objectContaining({
      fileId,
      AITags: [{ name: 'Image', confidence: 99, source: 'aws-auto-tagging' }],
    }),
  })
})

test('an expired run causes no notification, but the late webhook that settles it does', async () => {
  const { clock, advance } = movingClock()
  const receiver = await startReceiver()
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...ENV, ...library.env }, { clock })
  const { fileId } = await uploadWith(tracker, ['ai-tasks'], { webhookUrl: receiver.url })
  advance(26 * 3_600_000)
  await reconcileNow(tracker)
  expect((await statusOf(tracker, fileId)).status).toBe('expired')
  expect(await rowsOf(tracker, 'SELECT * FROM notifications')).toEqual([])

  const late = { service: 'ai-tasks', status: 'SUCCESS', fileObject: { fileId } }
  await deliver(library.webhookUrls[0] ?? '', late)
  await expect.poll(() => receiver.requests.length).toBe(1)
  expect(JSON.parse(receiver.requests[0]?.body ?? '')).toEqual(late)
})

test('a webhook after the evidence causes no second notification', async () => {
  const { clock, advance } = movingClock()
  const receiver = await startReceiver()
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...ENV, ...library.env }, { clock })
  const { fileId } = await uploadWith(tracker, ['aws-auto-tagging'], { webhookUrl: receiver.url })
  library.change(fileId, AWS_TAG)
  advance(60_000)
  await reconcileNow(tracker)
  const results = () => rowsOf(tracker, 'SELECT result, due_at FROM notifications')
  const delivered = [{ result: 'delivered', due_at: null }]
  await expect.poll(results).toEqual(delivered)

  const late = { service: 'aws-auto-tagging', status: 'SUCCESS', fileObject: { fileId } }
  expect((await deliver(library.webhookUrls[0] ?? '', late)).json).toMatchObject({ outcome: 'duplicate' })
  expect(await results()).toEqual(delivered)
  expect(receiver.requests).toHaveLength(1)
})
