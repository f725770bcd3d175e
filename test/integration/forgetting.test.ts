import { expect, test } from 'vitest'
import { newSubmission } from '../contract/builders.ts'
import { numbered, openStoreOf, runSql, type TestDatabase } from '../support/database.ts'
import { ask } from '../support/operator.ts'
import { startTracker } from '../support/tracker.ts'
import { deliver, movedTo, type Payload, payload, register, statusOf } from '../support/webhooks.ts'

type DeliveryList = { deliveries: { deliveryId: string }[] }

function parseExtensionStatus(text: string): unknown {
  return JSON.parse(text).extensionStatus
}

/** Adds `count` registered submissions of a file, with one pending run each, while no service runs. Returns their ids, the oldest first. */
async function addSubmissions(database: TestDatabase, count: number, fileId: string): Promise<string[]> {
  const store = await openStoreOf(database)
  const submission = newSubmission(['remove-bg'], { kind: 'external', fileId, at: Date.now() })
  const created = await Promise.all(Array.from({ length: count }, () => store.createSubmission(submission)))
  await store.close()
  return created.map(({ submissionId }) => submissionId)
}

/** The payload of a webhook that reports the success of an extension of this file. */
function success(service: string, fileId: string): Payload {
  return { ...payload(service, 'success'), fileObject: { fileId } }
}

async function forget(tracker: Parameters<typeof ask>[0], fileId: string): Promise<number> {
  return (await ask(tracker, `/assets/${fileId}`, { method: 'DELETE' })).status
}

test('forgetting an asset deletes the rejected deliveries that name its fileId, and no others', async () => {
  const tracker = await startTracker()
  await register(tracker, ['remove-bg'], 'file-1')
  const bodies = ['file-1', 'file-10', 'e'].flatMap((fileId) => [
    { service: 'remove-bg', status: 'FAILURE', fileId },
    { service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId } },
    { type: 'file.updated', data: { fileId } },
  ])
  for (const body of bodies) await deliver(`${tracker.url}/webhooks/extension/forged.token`, body)
  const rejectedBodies = async () => {
    const { json } = await ask<DeliveryList>(tracker, '/deliveries?outcome=rejected')
    return Promise.all(
      json.deliveries.map(async ({ deliveryId }) => {
        const one = await ask<{ body: string }>(tracker, `/deliveries/${deliveryId}`)
        return JSON.parse(one.json.body)
      }),
    )
  }
  // Rejected deliveries are written once a second.
  await expect.poll(rejectedBodies, { timeout: 5_000 }).toHaveLength(9)

  // There is no asset with this id, so nothing is deleted.
  expect(await forget(tracker, 'e')).toBe(404)
  expect(await rejectedBodies()).toHaveLength(9)
  expect(await forget(tracker, 'file-1')).toBe(204)
  expect((await rejectedBodies()).toReversed()).toEqual(bodies.slice(3))
})

test('forgetting an asset replaces its id in an audit log of thirty thousand rows, and webhooks are recorded meanwhile', {
  timeout: 60_000,
}, async () => {
  const stopped = await startTracker()
  await register(stopped, ['remove-bg'], 'file-1')
  await stopped.service.stop()
  await runSql(
    stopped.database,
    `INSERT INTO audit_log (at, actor, kind, subject, reason, details)
     SELECT n.i, 'operator', 'retry_many', NULL, CASE n.i % 1000 WHEN 0 THEN 'for file-1, not file-10' END, '{"limit":1}'
     FROM ${numbered(30_000)}`,
  )
  const tracker = await startTracker({}, {}, stopped.database)
  const { webhookUrl } = await register(tracker, ['remove-bg'], 'file-2')

  let isForgotten = false
  const forgetting = forget(tracker, 'file-1').finally(() => {
    isForgotten = true
  })
  let recorded = 0
  while (!isForgotten) {
    expect((await deliver(webhookUrl, payload('remove-bg', 'failure'))).status).toBe(200)
    recorded += 1
  }
  expect(await forgetting).toBe(204)
  // If forgetting were a single transaction, only one or two webhooks would be recorded before its end.
  expect(recorded).toBeGreaterThan(5)

  const { json } = await ask<{ entries: { reason: string | null }[] }>(tracker, '/audit?limit=200')
  const reasons = json.entries.flatMap(({ reason }) => reason ?? [])
  expect(reasons).toContainEqual(expect.stringMatching(/^for sha256:[0-9a-f]{64}, not file-10$/))
  expect(JSON.stringify(reasons)).not.toContain('file-1,')
})

test('webhooks are recorded while an asset with 1,500 submissions is forgotten, and its status stays until the end', {
  timeout: 60_000,
}, async () => {
  const stopped = await startTracker()
  const settled = await register(stopped, ['ai-tasks'], 'file-1')
  expect((await deliver(settled.webhookUrl, success('ai-tasks', 'file-1'))).json).toEqual({
    outcome: 'applied',
  })
  const pending = await register(stopped, ['remove-bg'], 'file-1')
  await stopped.service.stop()
  const added = await addSubmissions(stopped.database, 1_500, 'file-1')
  // The newest one has the current run, and is deleted last.
  const [oldest = '', secondNewest = ''] = [added[0], added.at(-2)]

  const tracker = await startTracker({}, {}, stopped.database)
  const settledUrl = movedTo(tracker, settled.webhookUrl)
  const pendingUrl = movedTo(tracker, pending.webhookUrl)
  const status = await statusOf(tracker, 'file-1')
  const other = await register(tracker, ['remove-bg'], 'file-2')

  let isForgotten = false
  const forgetting = forget(tracker, 'file-1').finally(() => {
    isForgotten = true
  })
  let recorded = 0
  const recordWebhooks = async () => {
    while (!isForgotten) {
      expect((await deliver(other.webhookUrl, payload('remove-bg', 'failure'))).status).toBe(200)
      expect((await deliver(pendingUrl, success('remove-bg', 'file-1'))).status).toBe(200)
      recorded += 2
    }
  }
  const observed = new Set<string>()
  const observe = async () => {
    while (!isForgotten) {
      const found = await Promise.all([oldest, secondNewest].map((id) => tracker.fetch(`/submissions/${id}`)))
      const isPartlyDeleted = found.some((response) => response.status === 404)
      const response = await tracker.fetch('/assets/file-1/status')
      if (response.status === 404) return
      observed.add(
        JSON.stringify({ isPartlyDeleted, extensionStatus: parseExtensionStatus(await response.text()) }),
      )
    }
  }
  await Promise.all([recordWebhooks(), observe()])
  expect(await forgetting).toBe(204)
  // If forgetting were a single transaction, at most four webhooks would be recorded before its end.
  expect(recorded).toBeGreaterThan(5)
  const { extensionStatus } = status
  // Only the last transaction deletes the status.
  expect(observed).toContain(JSON.stringify({ isPartlyDeleted: true, extensionStatus }))
  for (const text of observed) expect(JSON.parse(text)).toMatchObject({ extensionStatus })
  for (const webhookUrl of [settledUrl, pendingUrl])
    expect((await deliver(webhookUrl, success('remove-bg', 'file-1'))).json).toEqual({ outcome: 'ignored' })
  expect((await tracker.fetch('/assets/file-1/status')).status).toBe(404)
})
