import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { createTestDatabase, databaseEnv } from '../support/database.ts'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { type RunningProgram, runServe } from '../support/program.ts'
import { ADMIN_KEY, API_KEY } from '../support/tracker.ts'
import { BOUNDARY, openUpload, partText } from '../support/uploads.ts'

const MIB = 1024 * 1024

/** Makes a program print its resident memory every 10 ms. */
const PRINT_RSS =
  "--import=data:text/javascript,setInterval(()=>console.log('RSS='+process.memoryUsage.rss()),10).unref()"

// A file as base64 is a text field, so its part has no `filename`.
test.for([
  ['300 MiB as binary', 300, 'name="file"; filename="big.bin"'],
  ['300 MiB as base64', 300, 'name="file"'],
] as const)(
  'a file of %s streams through: the memory of the service grows by less than half the size of the file',
  { timeout: 120_000 },
  async ([, sizeMib, disposition], { annotate }) => {
    const received: string[] = []
    const imagekit = await startMisbehavingImagekit(async (call) => {
      received.push(await hashContent(call.incoming))
      call.respond(200, uploadedFile('file1'))
    })
    const service = await runServe({
      NODE_OPTIONS: PRINT_RSS,
      ...databaseEnv(await createTestDatabase()),
      IMAGEKIT_PRIVATE_KEY: 'private_key',
      IMAGEKIT_UPLOAD_URL: imagekit.url,
      TRACKER_API_KEY: API_KEY,
      TRACKER_ADMIN_KEY: ADMIN_KEY,
    })
    // Memory that the service allocates only once, for its first upload, is not measured.
    const first = openUpload(service)
    await pipeline(Readable.from(form(disposition, 1, createHash('sha256'))), first.stream)
    expect((await first.response).status).toBe(200)

    const before = await peakRss(service)
    const sent = createHash('sha256')
    const caller = openUpload(service)
    await pipeline(Readable.from(form(disposition, sizeMib, sent)), caller.stream)
    expect((await caller.response).status).toBe(200)
    expect(received[1]).toBe(sent.digest('hex'))
    const peak = await peakRss(service)
    await annotate(`RSS: ${Math.round(before / MIB)} MiB before, ${Math.round(peak / MIB)} MiB at its peak`)
    // A service that buffered the file would grow by its size; this one grows by 30 to 60 MiB.
    expect(peak - before).toBeLessThan((sizeMib * MIB) / 2)
  },
)

/** Waits for one more line, and resolves with the largest resident memory printed so far. */
async function peakRss(service: RunningProgram): Promise<number> {
  const count = printedRss(service).length
  await expect.poll(() => printedRss(service).length).toBeGreaterThan(count)
  return Math.max(...printedRss(service))
}

function printedRss(service: RunningProgram): number[] {
  return [...service.output().matchAll(/^RSS=(\d+)$/gm)].map(([, bytes]) => Number(bytes))
}

/** A form whose file is generated while it is sent. `hash` is updated with the bytes of the file. */
function* form(disposition: string, sizeMib: number, hash: ReturnType<typeof createHash>): Generator<Buffer> {
  yield Buffer.from(`--${BOUNDARY}\r\n${partText(disposition, '')}`)
  const block = Buffer.from(createHash('sha512').update('seed').digest('hex').repeat(512))
  for (let sent = 0; sent < sizeMib * MIB; ) {
    const chunk = Buffer.from(block)
    chunk.write(`${sent}`)
    hash.update(chunk)
    yield chunk
    sent += chunk.length
  }
  yield Buffer.from(`\r\n--${BOUNDARY}\r\n${partText('name="fileName"', 'big.bin')}\r\n--${BOUNDARY}--\r\n`)
}

/** SHA-256 of the first part's content. */
async function hashContent(body: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256')
  let head: string | undefined
  // The last 2048 bytes are not hashed yet. Everything after the file fits into them: a boundary, a short field and the last boundary.
  let tail = Buffer.alloc(0)
  for await (const chunk of body) {
    let bytes = Buffer.concat([tail, chunk])
    if (head === undefined) {
      const end = bytes.indexOf('\r\n\r\n')
      head = bytes.subarray(0, end).toString()
      bytes = bytes.subarray(end + 4)
    }
    const hashable = Math.max(0, bytes.length - 2048)
    hash.update(bytes.subarray(0, hashable))
    tail = bytes.subarray(hashable)
  }
  const boundary = head?.split('\r\n')[0] ?? ''
  return hash.update(tail.subarray(0, tail.indexOf(`\r\n${boundary}`))).digest('hex')
}
