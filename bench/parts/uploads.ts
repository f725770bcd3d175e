// Uploads through the tracker, and directly to the same sandbox: the throughput of large files, and the time added to small ones.
import { Agent, type ClientRequest, request } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { median, milliseconds, quantile, spread } from '../figures.ts'
import { inOwnFolder, launchSandbox, launchTracker, SECRETS, sandboxEnv, withServer } from '../launch.ts'
import type { PartResult } from '../report.ts'
import { type Bench, describeSyncs, inRounds } from '../rounds.ts'

const LARGE_BYTES = 50 * 1000 ** 2
const SMALL_BYTES = 20 * 1000
/** By each route. V8 keeps optimising long after the first upload: over this many, the time of one upload falls by a fifth. */
const WARM_UP_UPLOADS = 500

/** To the sandbox directly, or through the tracker. */
type Route = 'Direct' | 'Through'
/** The milliseconds that each upload took. */
type Times = { [name in `${'small' | 'large'}${Route}`]: number[] }

export async function measureUploads(bench: Bench): Promise<PartResult> {
  const counts = bench.isQuick ? { large: 3, small: 60 } : { large: 6, small: 200 }
  const rounds = await inRounds(bench, [{ name: 'uploads' }], () => runUploads(bench, counts))
  const results = rounds.resultsOf('uploads')
  const throughput = (route: Route) =>
    results.flatMap((result) =>
      result[`large${route}`].map((time) => LARGE_BYTES / 1000 ** 2 / (time / 1000)),
    )
  const smallQuantile = (route: Route, share: number) =>
    milliseconds(
      quantile(
        results.flatMap((result) => result[`small${route}`]),
        share,
      ) * 1000,
    )
  const ratio = median(throughput('Through')) / median(throughput('Direct'))
  const addedMs = median(results.map((result) => median(result.smallThrough) - median(result.smallDirect)))
  const row = (title: string, route: Route) => [
    title,
    spread(throughput(route)),
    smallQuantile(route, 0.5),
    smallQuantile(route, 0.99),
  ]
  return {
    title: 'Uploads',
    tables: [
      {
        title: 'One at a time, with an extension',
        columns: ['path', '50 MB: MB per second', '20 KB: p50 ms', '20 KB: p99 ms'],
        rows: [row('directly to the sandbox', 'Direct'), row('through this service', 'Through')],
        note: `Large files reach ${ratio.toFixed(2)} of the direct throughput; the median small one takes ${addedMs.toFixed(2)} ms longer. ${describeSyncs(rounds)}`,
      },
    ],
    goals: { 'uploads-50mb': ratio, 'uploads-20kb': addedMs },
    lost: 0,
    raw: results,
  }
}

/** Alternates between uploads directly to the sandbox and uploads through the tracker. */
async function runUploads(
  { folder, log }: Bench,
  { large, small }: { large: number; small: number },
): Promise<Times> {
  const agent = new Agent({ keepAlive: true })
  try {
    return await inOwnFolder(folder, (runFolder) =>
      withServer(launchSandbox(runFolder), (sandbox) =>
        withServer(launchTracker(runFolder, sandboxEnv(sandbox)), async (tracker) => {
          const alternate = async (count: number, bytes: number) => {
            const direct: number[] = []
            const through: number[] = []
            for (let index = 0; index < count; index += 1) {
              direct.push(await upload(sandbox.url, bytes, agent))
              through.push(await upload(tracker.url, bytes, agent))
            }
            return { direct, through }
          }
          await alternate(WARM_UP_UPLOADS, SMALL_BYTES)
          const { direct: smallDirect, through: smallThrough } = await alternate(small, SMALL_BYTES)
          await alternate(1, LARGE_BYTES)
          const { direct: largeDirect, through: largeThrough } = await alternate(large, LARGE_BYTES)
          const [directMs, trackedMs] = [median(smallDirect).toFixed(1), median(smallThrough).toFixed(1)]
          log(`20 KB: ${directMs} ms directly, ${trackedMs} ms through the tracker`)
          return { smallDirect, smallThrough, largeDirect, largeThrough }
        }),
      ),
    )
  } finally {
    agent.destroy()
  }
}

const BOUNDARY = 'bench-boundary-7f3a1c'
const CHUNK = Buffer.alloc(64 * 1024, 'imagekit')
const FIELDS: [name: string, value: string][] = [
  ['fileName', 'bench.bin'],
  ['extensions', JSON.stringify([{ name: 'remove-bg' }])],
  ['tags', 'sandbox:remove-bg=pending'],
]
const FILE_HEAD = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="bench.bin"\r\nContent-Type: application/octet-stream\r\n\r\n`

/**
 * Uploads a generated file of `bytes` bytes as a backend does, with a streamed multipart form and an extension that stays
 * pending. Resolves with the milliseconds until the response.
 */
export async function upload(url: string, bytes: number, agent?: Agent): Promise<number> {
  const head = Buffer.from(`${FIELDS.map(fieldText).join('')}${FILE_HEAD}`)
  const tail = Buffer.from(`\r\n--${BOUNDARY}--\r\n`)
  const startedAt = performance.now()
  const outgoing = request(`${url}/api/v1/files/upload`, {
    method: 'POST',
    agent,
    headers: {
      Authorization: `Basic ${Buffer.from(`${SECRETS.TRACKER_API_KEY}:`).toString('base64')}`,
      'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`,
      'Content-Length': head.length + bytes + tail.length,
    },
  })
  const response = responseTo(outgoing)
  await pipeline(Readable.from(formOf(head, bytes, tail)), outgoing)
  const { status, text } = await response
  if (status !== 200) throw new Error(`the response to an upload was ${status}: ${text}`)
  return performance.now() - startedAt
}

function fieldText([name, value]: [name: string, value: string]): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
}

function* formOf(head: Buffer, bytes: number, tail: Buffer): Generator<Buffer> {
  yield head
  for (let remaining = bytes; remaining > 0; remaining -= CHUNK.length) yield CHUNK.subarray(0, remaining)
  yield tail
}

function responseTo(outgoing: ClientRequest): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode, text: Buffer.concat(chunks).toString() })
      })
      incoming.on('error', reject)
    })
  })
}
