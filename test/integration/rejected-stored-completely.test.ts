import { expect, test } from 'vitest'
import { readRows } from '../support/database.ts'
import { ask } from '../support/operator.ts'
import { accountEvent, deliverEvent, ikHeaders, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { startTracker } from '../support/tracker.ts'
import { type AssetStatus, deliver, payload, register } from '../support/webhooks.ts'

const KIB = 1024
const EXTENSIONS = ['remove-bg', 'aws-auto-tagging', 'google-auto-tagging', 'ai-auto-description', 'ai-tasks']
/** With five extensions per file, there are 210 webhooks, more than the 200 rejected deliveries that one transaction can store. */
const FILE_COUNT = 42
const WEBHOOK_COUNT = FILE_COUNT * EXTENSIONS.length

/** Transforms the items in groups of a hundred: those of one group concurrently. */
async function mapConcurrently<T, R>(items: readonly T[], transform: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let first = 0; first < items.length; first += 100)
    results.push(...(await Promise.all(items.slice(first, first + 100).map(transform))))
  return results
}

test('a burst of 210 webhooks with valid tokens, rejected because of a wrong IMAGEKIT_WEBHOOK_SECRET, is stored completely and can be replayed', {
  timeout: 60_000,
}, async () => {
  const required = { REQUIRE_EXTENSION_SIGNATURE: 'true' }
  const wrong = await startTracker({ ...required, IMAGEKIT_WEBHOOK_SECRET: 'wrong-secret-of-the-tests' })
  const files = Array.from({ length: FILE_COUNT }, (_, index) => `file-${index}`)
  const registered = await mapConcurrently(files, async (fileId) => {
    const { webhookUrl } = await register(wrong, EXTENSIONS, fileId)
    return EXTENSIONS.map((name) => ({ fileId, name, webhookUrl }))
  })
  const responses = await mapConcurrently(registered.flat(), ({ fileId, name, webhookUrl }) => {
    const text = JSON.stringify({ ...payload(name, 'failure'), fileId })
    return deliver(webhookUrl, text, ikHeaders(text))
  })
  expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([401]))
  await wrong.service.stop()
  const rejected = await readRows<{ cause: string }>(wrong.database, 'SELECT cause FROM rejected_deliveries')
  expect(rejected).toHaveLength(WEBHOOK_COUNT)
  expect(new Set(rejected.map(({ cause }) => cause))).toEqual(new Set(['bad_signature']))

  const corrected = await startTracker(
    { ...required, IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET },
    {},
    wrong.database,
  )
  const replayed = await ask(corrected, '/deliveries/replay', {
    method: 'POST',
    body: { outcome: 'rejected' },
  })
  expect(replayed.json).toMatchObject({ total: WEBHOOK_COUNT, byOutcome: { applied: WEBHOOK_COUNT } })
  const failed = Object.fromEntries(EXTENSIONS.map((name) => [name, 'failed']))
  const query = files.map((fileId) => `fileId=${fileId}`).join('&')
  const response = await corrected.fetch(`/assets/status?${query}`)
  const { assets } = (await response.json()) as { assets: AssetStatus[] }
  expect(assets).toHaveLength(FILE_COUNT)
  for (const { extensionStatus } of assets) expect(extensionStatus).toEqual(failed)
})

test('a large body with a valid token is stored whole; without a valid token or signature, only its first 64 KiB are', async () => {
  const tracker = await startTracker({ IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET })
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const body = 'x'.repeat(500 * KIB)
  const event = accountEvent('file-updated', { padding: body })
  expect((await deliver(webhookUrl, body)).status).toBe(400)
  expect((await deliver(`${webhookUrl}x`, body)).status).toBe(401)
  const forged = ikHeaders(event, { secret: 'a-secret-that-nobody-has' })
  expect((await deliverEvent(tracker, event, forged)).status).toBe(401)
  await tracker.service.stop()
  const rows = await readRows<{ id: string }>(
    tracker.database,
    "SELECT 'dlv_' || n || '_' || chk AS id, cause, bytes, length(body) AS stored FROM rejected_deliveries ORDER BY n",
  )
  expect(rows).toMatchObject([
    { cause: 'not_json', bytes: 500 * KIB, stored: 500 * KIB },
    { cause: 'forged_token', bytes: 500 * KIB, stored: 64 * KIB },
    { cause: 'bad_signature', bytes: event.length, stored: 64 * KIB },
  ])
  const restarted = await tracker.restart()
  const replay = await ask(restarted, `/deliveries/${rows[2]?.id}/replay`, { method: 'POST' })
  expect(replay).toMatchObject({
    status: 422,
    json: { detail: expect.stringContaining('not stored completely') },
  })
})
