import { Webhook } from 'standardwebhooks'
import { expect, vi } from 'vitest'
import { createTestDatabase, openStoreOf } from '../support/database.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, register } from '../support/webhooks.ts'
import { rowsOf, stoppedClock, WITHOUT_RECONCILER } from './reconcile-setup.ts'

const SECRET = `whsec_${Buffer.alloc(24, 1).toString('base64')}`
export const MINUTE = 60_000

type Message = {
  text: string
  alert: string
  state: string
  extension: string | null
  count: number | null
  ageSeconds: number | null
  since: string
  resolvedAt: string | null
  url: string
}

/**
 * Verifies a message with the library of Standard Webhooks, and throws if its signature is invalid. The library rejects a timestamp that
 * is not recent, and the tests move the tracker's clock, so `Date` is set to the timestamp meanwhile.
 */
function verifyMessage({ headers, body }: Receiver['requests'][number]): Message {
  const timestamp = String(headers['webhook-timestamp'])
  vi.useFakeTimers({ toFake: ['Date'], now: Number(timestamp) * 1000 })
  try {
    const message = new Webhook(SECRET).verify(body, {
      'webhook-id': String(headers['webhook-id']),
      'webhook-timestamp': timestamp,
      'webhook-signature': String(headers['webhook-signature']),
    })
    return message as Message
  } finally {
    vi.useRealTimers()
  }
}

/**
 * Starts a tracker and a receiver of its alerts. Three failures of an extension within 15 minutes fire an alert. `endpoint` sets how
 * the receiver responds: with `status`, or not at all if it `disconnects`.
 */
export async function startAlerting(env: { [name: string]: string } = {}) {
  const endpoint = { status: 200, disconnects: false }
  const receiver = await startReceiver((request, response) => {
    if (endpoint.disconnects) request.socket.destroy()
    else response.writeHead(endpoint.status).end('ok')
  })
  const { clock, advance } = stoppedClock()
  const database = await createTestDatabase()
  let checks = 0
  const openStore = async () => {
    const store = await openStoreOf(database)
    const listAlerts = () => {
      checks += 1
      return store.listAlerts()
    }
    return { ...store, listAlerts }
  }
  const start = async () =>
    startTracker(
      {
        ...WITHOUT_RECONCILER,
        RECONCILE_AFTER: '7d',
        EXPIRE_AFTER: '7d',
        ALERT_WEBHOOK_URL: receiver.url,
        ALERT_FAILURES: '3/15m',
        ALLOW_PRIVATE_TARGETS: 'true',
        TRACKER_WEBHOOK_SECRET: SECRET,
        ...env,
      },
      { clock, alertEveryMs: 50, store: await openStore() },
      database,
    )
  const first = await start()
  const tracker = {
    ...first,
    async restart() {
      await first.service.stop()
      return start()
    },
  }
  /** Resolves once a whole alert check has run since the call. */
  const nextCheck = async () => {
    const before = checks
    await expect.poll(() => checks).toBeGreaterThanOrEqual(before + 2)
  }
  const messages = () => receiver.requests.map(verifyMessage)
  const states = () => messages().map(({ state, extension }) => `${state} ${extension}`)
  return { tracker, receiver, endpoint, advance, messages, states, nextCheck }
}

/** Creates this number of runs of an extension, and settles each as failed with a webhook. */
export async function fail(tracker: RunningTracker, name: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const fileId = `file-${performance.now()}`
    const { webhookUrl } = await register(tracker, [name], fileId)
    await deliver(webhookUrl, { service: name, status: 'FAILURE', fileId, error: { message: 'Quota.' } })
  }
}

/** The alerts in the database. `reported`: 1 if the receiver has accepted the message about the alert's state, else 0. */
export const storedAlerts = (tracker: RunningTracker) =>
  rowsOf(tracker, 'SELECT state, is_reported AS reported FROM alerts')
