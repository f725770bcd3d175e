import { expect, onTestFinished, test } from 'vitest'
import { createSandbox } from '../../src/sandbox/sandbox.ts'
import { readRows } from '../support/database.ts'
import { IMAGEKIT_KEY, type RunningTracker, startTracker, temporaryDirectory } from '../support/tracker.ts'
import { upload } from '../support/uploads.ts'
import { createRandom, SEED, tell, timesOf } from './chaos.ts'
import { type LibraryFile, libraryOf } from './sandbox-library.ts'
import { drawFault, startTcpProxy } from './tcp-proxy.ts'

const UPLOADS = timesOf('FAULTY_UPLOADS', { short: 120, long: 5000 })
const AT_ONCE = 24
const LARGEST_FILE = 200_000
const SIZES = { messages: 4, sizes: { request: LARGEST_FILE / 3, answer: 1200 } }

type Uploaded = {
  name: string
  bytes: number
  status: number
  submissionId: string | null
  shouldRetry: string | null
  body: string
}
type Written = { name: string; state: string; fileId: string | null; status: string }

/** Uploads one after another, many at once; each is answered in some way. */
async function uploadAll(tracker: RunningTracker, random: () => number): Promise<Uploaded[]> {
  const uploaded: Uploaded[] = []
  let next = 0
  const worker = async () => {
    while (next < UPLOADS) {
      const name = `file-${next++}.txt`
      const file = new Uint8Array(1 + Math.floor(random() ** 2 * LARGEST_FILE))
      const answer = await upload(tracker, [
        ['file', file, name],
        ['fileName', name],
        ['useUniqueFileName', 'false'],
        ['tags', 'sandbox:delay=10'],
        ['extensions', '[{"name":"aws-auto-tagging","minConfidence":50,"maxTags":5}]'],
      ])
      uploaded.push({
        name,
        bytes: file.length,
        status: answer.status,
        submissionId: answer.headers.get('x-submission-id'),
        shouldRetry: answer.headers.get('x-should-retry'),
        body: await answer.text(),
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

/** What a caller was told, against what is so. */
function judge(told: Uploaded, written: Written | undefined, files: readonly LibraryFile[]): string {
  const [file] = files
  const fileId = file?.fileId
  const isClear = told.status === 200
  if (files.length > 1) return 'uploaded twice'
  if (file !== undefined && file.size !== told.bytes) return 'uploaded in part'
  if (isClear && told.shouldRetry === null)
    return fileIdOf(told.body) === fileId && written?.fileId === fileId ? 'answered' : 'answered wrongly'
  if (!isClear && told.status !== 502 && told.status !== 504)
    return `an answer of ${told.status} ${told.body}`
  if (told.submissionId !== null) {
    if (told.shouldRetry !== 'false') return 'unconfirmed, and invited to upload again'
    if (fileId === undefined)
      return written?.state === 'unconfirmed' ? 'unconfirmed, for nothing' : 'wrongly kept'
    return written?.fileId === fileId ? 'unconfirmed, though there' : 'unconfirmed, and lost'
  }
  if (fileId !== undefined) return 'there, and invited to upload again'
  return written === undefined || written.state === 'rejected' ? 'safe to try again' : 'kept for nothing'
}

test(`${UPLOADS} uploads to an ImageKit behind a faulty network, seed ${SEED}: none is both lost and denied`, {
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
  const proxy = await startTcpProxy(url, () => drawFault(random, SIZES))
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
  const verdicts: Record<string, number> = {}
  for (const told of uploaded) {
    const verdict = judge(told, written.get(told.name), library.get(told.name) ?? [])
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
  }
  const faults = proxy.faults()
  tell(
    `ImageKit behind faults: ${UPLOADS} uploads, seed ${SEED}, faults ${JSON.stringify(faults)}: ${JSON.stringify(verdicts)}`,
  )
  // Each of them was seen, and nothing else.
  expect(new Set(Object.keys(verdicts))).toEqual(
    new Set(['answered', 'unconfirmed, for nothing', 'unconfirmed, though there', 'safe to try again']),
  )
  for (const count of Object.values(faults)) expect(count).toBeGreaterThan(0)
})
