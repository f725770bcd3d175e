import { expect, onTestFinished, test } from 'vitest'
import { createSandbox } from '../../src/sandbox/sandbox.ts'
import { readRows } from '../support/database.ts'
import { IMAGEKIT_KEY, type RunningTracker, startTracker, temporaryDirectory } from '../support/tracker.ts'
import { upload } from '../support/uploads.ts'
import { createRandom, numberFor, reportFigures, SEED } from './chaos.ts'
import { type LibraryFile, libraryOf } from './sandbox-library.ts'
import { drawFault, startTcpProxy } from './tcp-proxy.ts'

const UPLOADS = numberFor('FAULTY_UPLOADS', { short: 120, long: 5000 })
const AT_ONCE = 24
const MAX_FILE_BYTES = 200_000
const FAULT_RANGE = { messages: 4, sizes: { request: MAX_FILE_BYTES / 3, response: 1200 } }

type Uploaded = {
  name: string
  bytes: number
  status: number
  submissionId: string | null
  shouldRetry: string | null
  body: string
}
type Written = { name: string; state: string; fileId: string | null; status: string }

/** Sends the uploads, several at a time; each gets some response. */
async function uploadAll(tracker: RunningTracker, random: () => number): Promise<Uploaded[]> {
  const uploaded: Uploaded[] = []
  let next = 0
  const worker = async () => {
    while (next < UPLOADS) {
      const name = `file-${next++}.txt`
      const file = new Uint8Array(1 + Math.floor(random() ** 2 * MAX_FILE_BYTES))
      const response = await upload(tracker, [
        ['file', file, name],
        ['fileName', name],
        ['useUniqueFileName', 'false'],
        ['tags', 'sandbox:delay=10'],
        ['extensions', '[{"name":"aws-auto-tagging","minConfidence":50,"maxTags":5}]'],
      ])
      uploaded.push({
        name,
        bytes: file.length,
        status: response.status,
        submissionId: response.headers.get('x-submission-id'),
        shouldRetry: response.headers.get('x-should-retry'),
        body: await response.text(),
      })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return uploaded
}

async function writtenBy(tracker: RunningTracker): Promise<Map<string, Written>> {
  const rows = await readRows<Written>(
    tracker.database,
    `SELECT file_name AS name, state, file_id AS fileId, status FROM submissions
     JOIN runs ON runs.submission = submissions.n`,
  )
  const byName = new Map(rows.map((row) => [row.name, row]))
  expect(byName.size).toBe(rows.length)
  return byName
}

function fileIdOf(body: string): string | undefined {
  return (JSON.parse(body) as { fileId?: string }).fileId
}

/** Compares the caller's response with what is in ImageKit and in the database. */
function classify(uploaded: Uploaded, written: Written | undefined, files: readonly LibraryFile[]): string {
  const [file] = files
  const fileId = file?.fileId
  const isSuccess = uploaded.status === 200
  if (files.length > 1) return 'uploaded twice'
  if (file !== undefined && file.size !== uploaded.bytes) return 'uploaded in part'
  // A 200 of ImageKit's whose body was damaged is passed on with `x-should-retry: false`. It is classified below.
  if (isSuccess && uploaded.shouldRetry === null)
    return fileIdOf(uploaded.body) === fileId && written?.fileId === fileId
      ? 'responded'
      : 'responded with the wrong file'
  if (!isSuccess && uploaded.status !== 502 && uploaded.status !== 504)
    return `responded unexpectedly: ${uploaded.status} ${uploaded.body}`
  // The caller got an id, so ImageKit may have the file. If ImageKit has it, its webhook has since made the submission `accepted`.
  if (uploaded.submissionId !== null) {
    if (uploaded.shouldRetry !== 'false') return 'unconfirmed, but reported as safe to try again'
    if (fileId === undefined)
      return written?.state === 'unconfirmed'
        ? 'unconfirmed and not at ImageKit'
        : 'not at ImageKit, but not unconfirmed'
    return written?.fileId === fileId
      ? 'unconfirmed and at ImageKit'
      : 'at ImageKit, but stored without its file'
  }
  if (fileId !== undefined) return 'at ImageKit, but reported as safe to try again'
  return written === undefined || written.state === 'rejected'
    ? 'safe to try again'
    : 'safe to try again, but not rejected'
}

test(`of ${UPLOADS} uploads through a faulty network to ImageKit, each that ImageKit has is stored with its file, and none of these is reported as safe to repeat, seed ${SEED}`, {
  timeout: 30_000 + UPLOADS * 100,
}, async () => {
  const random = createRandom(SEED)
  const sandbox = createSandbox({
    directory: temporaryDirectory(),
    port: 0,
    privateKey: IMAGEKIT_KEY,
    webhookRetryMs: 20,
  })
  const { url } = await sandbox.start()
  onTestFinished(() => sandbox.stop())
  const proxy = await startTcpProxy(url, () => drawFault(random, FAULT_RANGE))
  const tracker = await startTracker(
    { IMAGEKIT_UPLOAD_URL: proxy.url, IMAGEKIT_API_URL: url },
    { imagekitTimeoutMs: 1500, drainMs: 2000 },
  )
  const uploaded = await uploadAll(tracker, random)
  await proxy.close()

  const unsettled = async () => {
    const written = await writtenBy(tracker)
    const names = [...(await libraryOf(sandbox)).keys()]
    return names.filter((name) => written.get(name)?.status !== 'success')
  }
  await expect.poll(unsettled, { timeout: 20_000 }).toEqual([])
  await sandbox.stop()
  await tracker.service.stop()
  expect(await unsettled()).toEqual([])

  const [library, written] = [await libraryOf(sandbox), await writtenBy(tracker)]
  const categories: Record<string, number> = {}
  for (const one of uploaded) {
    const category = classify(one, written.get(one.name), library.get(one.name) ?? [])
    categories[category] = (categories[category] ?? 0) + 1
  }
  const faults = proxy.faults()
  reportFigures(
    `ImageKit behind faults: ${UPLOADS} uploads, seed ${SEED}, faults ${JSON.stringify(faults)}: ${JSON.stringify(categories)}`,
  )
  // Each of these categories occurred, and no other.
  expect(new Set(Object.keys(categories))).toEqual(
    new Set([
      'responded',
      'unconfirmed and not at ImageKit',
      'unconfirmed and at ImageKit',
      'safe to try again',
    ]),
  )
  for (const count of Object.values(faults)) expect(count).toBeGreaterThan(0)
})
