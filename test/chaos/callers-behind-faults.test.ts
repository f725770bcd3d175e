import { expect, test } from 'vitest'
import { readRows } from '../support/database.ts'
import { API_KEY, type RunningTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { upload } from '../support/uploads.ts'
import { createRandom, numberFor, reportFigures, SEED } from './chaos.ts'
import { libraryOf } from './sandbox-library.ts'
import { drawFault, startTcpProxy } from './tcp-proxy.ts'

const UPLOADS = numberFor('FAULTY_CALLERS', { short: 60, long: 2000 })
const AT_ONCE = 20
const TIMEOUT_MS = 1500
const MAX_FILE_BYTES = 150_000
const FAULT_RANGE = { messages: 2, sizes: { request: MAX_FILE_BYTES / 2, response: 1000 } }

type Row = { name: string; state: string; fileId: string | null; code: string | null; status: string }

/** One attempt to upload a file; null if no valid response was received completely within `TIMEOUT_MS`. */
async function attempt(
  tracker: RunningTracker,
  { name, bytes, key }: { name: string; bytes: number; key: string | null },
): Promise<{ status: number; fileId: string | null } | null> {
  try {
    const response = await upload(
      tracker,
      [
        ['fileName', name],
        ['useUniqueFileName', 'false'],
        ['tags', 'sandbox:delay=10'],
        ['extensions', '[{"name":"aws-auto-tagging","minConfidence":50,"maxTags":5}]'],
        ['file', new Uint8Array(bytes), name],
      ],
      {
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(key !== null && { headers: { 'idempotency-key': key } }),
      },
    )
    const { fileId = null } = (await response.json()) as { fileId?: string }
    return { status: response.status, fileId }
  } catch {
    return null
  }
}

test(`each of ${UPLOADS} callers behind a faulty network uploads its file completely or not at all, never twice, and exactly once with an idempotency key, seed ${SEED}`, {
  timeout: 60_000 + UPLOADS * 500,
}, async () => {
  const random = createRandom(SEED)
  const { tracker, sandbox } = await startTrackerAndSandbox({}, { bodyIdleMs: 1000 })
  const proxy = await startTcpProxy(tracker.url, () => drawFault(random, FAULT_RANGE))
  const behindProxy: RunningTracker = {
    ...tracker,
    fetch: (path, init = {}) => {
      const headers = new Headers(init.headers)
      headers.set('authorization', `Bearer ${API_KEY}`)
      return fetch(proxy.url + path, { ...init, headers })
    },
  }
  const results = new Map<string, { bytes: number; key: string | null; fileId: string | null }>()
  let attempts = 0
  let next = 0
  const worker = async () => {
    while (next < UPLOADS) {
      const number = next++
      const name = `file-${number}.txt`
      const key = number % 3 === 0 ? `key-${number}` : null
      const file = { name, bytes: 1 + Math.floor(random() * MAX_FILE_BYTES), key }
      const attemptOnce = async () => {
        attempts += 1
        const response = await attempt(behindProxy, file)
        results.set(name, { ...file, fileId: response?.fileId ?? null })
        return response?.status ?? null
      }
      // With a key, the caller repeats the upload until it gets 200. It may get 409 while an earlier attempt is still in progress.
      // Without a key, it uploads once, and gets 408 if a fault keeps the rest of the form from the service.
      if (key !== null) await expect.poll(attemptOnce, { timeout: 30_000, interval: 50 }).toBe(200)
      else expect([null, 200, 408]).toContain(await attemptOnce())
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  await proxy.close()
  const readAll = () =>
    readRows<Row>(
      tracker.database,
      `SELECT file_name AS name, state, file_id AS fileId, json_extract(submissions.error, '$.code') AS code,
         status FROM submissions JOIN runs ON runs.submission = submissions.n`,
    )
  const listUnfinished = async () =>
    (await readAll()).filter(
      ({ state, status }) => state !== 'rejected' && (state !== 'accepted' || status !== 'success'),
    )
  await expect.poll(listUnfinished, { timeout: 20_000 }).toEqual([])
  await tracker.service.stop()
  expect(await listUnfinished()).toEqual([])

  const library = await libraryOf(sandbox)
  const rows = await readAll()
  let notUploaded = 0
  for (const [name, { bytes, key, fileId }] of results) {
    const files = library.get(name) ?? []
    const written = rows.filter((row) => row.name === name)
    const accepted = written.filter(({ state }) => state === 'accepted')
    const rejected = written.filter(({ state }) => state === 'rejected')
    expect(files.length).toBeLessThanOrEqual(1)
    if (key !== null) expect(files).toHaveLength(1)
    if (fileId !== null) expect(files).toMatchObject([{ fileId }])
    expect(files.map((file) => file.size)).toEqual(files.map(() => bytes))
    expect(accepted.map((row) => row.fileId)).toEqual(files.map((file) => file.fileId))
    // A submission is rejected only if its caller disconnected before the upload was complete.
    for (const { code } of rejected) expect(code).toBe('client_closed')
    if (files.length === 0) notUploaded += 1
  }
  const faults = proxy.faults()
  reportFigures(
    `callers behind faults: ${UPLOADS} uploads in ${attempts} attempts, seed ${SEED}, faults ${JSON.stringify(faults)}: ${library.size} uploaded once, ${notUploaded} not at all, 0 twice`,
  )
  expect(attempts).toBeGreaterThan(UPLOADS)
  expect(notUploaded).toBeGreaterThan(0)
  for (const count of Object.values(faults)) expect(count).toBeGreaterThan(0)
})
