// Uploads through the tracker, and straight to the same local ImageKit: throughput of large files, time added to small ones.
import { Agent, type ClientRequest, request } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { median, milliseconds, quantile, spread } from '../figures.ts'
import { inOwnFolder, launchSandbox, launchTracker, SECRETS, uploadsTo, withServer } from '../launch.ts'
import type { PartResult } from '../report.ts'
import { type Bench, describeSyncs, inRounds } from '../rounds.ts'

const LARGE = 50 * 1000 ** 2
const SMALL = 20 * 1000
/** The cost of an upload falls by a fifth over so many: compiling goes on long after the first. */
const WARM_UP = 500

type Way = 'Straight' | 'Through'
/** Milliseconds. */
type Times = { [name in `${'small' | 'large'}${Way}`]: number[] }

export async function measureUploads(bench: Bench): Promise<PartResult> {
  const counts = bench.isQuick ? { large: 3, small: 60 } : { large: 6, small: 200 }
  const rounds = await inRounds(bench, [{ name: 'uploads' }], () => runUploads(bench, counts))
  const results = rounds.resultsOf('uploads')
  const throughput = (way: Way) =>
    results.flatMap((result) => result[`large${way}`].map((time) => LARGE / 1000 ** 2 / (time / 1000)))
  const small = (way: Way, share: number) =>
    milliseconds(
      quantile(
        results.flatMap((result) => result[`small${way}`]),
        share,
      ) * 1000,
    )
  const ratio = median(throughput('Through')) / median(throughput('Straight'))
  const addedMs = median(results.map((result) => median(result.smallThrough) - median(result.smallStraight)))
  const row = (title: string, way: Way) => [title, spread(throughput(way)), small(way, 0.5), small(way, 0.99)]
  return {
    title: 'Uploads',
    tables: [
      {
        title: 'One at a time, with an extension',
        columns: ['way', '50 MB: MB a second', '20 KB: p50 ms', '20 KB: p99 ms'],
        rows: [row('straight to the sandbox', 'Straight'), row('through this service', 'Through')],
        note: `Large files reach ${ratio.toFixed(2)} of the throughput; small ones take ${addedMs.toFixed(2)} ms more. ${describeSyncs(rounds)}`,
      },
    ],
    goals: { 'uploads-50mb': ratio, 'uploads-20kb': addedMs },
    lost: 0,
    raw: results,
  }
}

/** Straight and through the tracker in turns. */
async function runUploads(
  { folder, log }: Bench,
  { large, small }: { large: number; small: number },
): Promise<Times> {
  const agent = new Agent({ keepAlive: true })
  try {
    return await inOwnFolder(folder, (own) =>
      withServer(launchSandbox(own), (sandbox) =>
        withServer(launchTracker(own, uploadsTo(sandbox)), async (tracker) => {
          const inTurns = async (count: number, bytes: number) => {
            const straight: number[] = []
            const through: number[] = []
            for (let each = 0; each < count; each += 1) {
              straight.push(await upload(sandbox.url, bytes, agent))
              through.push(await upload(tracker.url, bytes, agent))
            }
            return { straight, through }
          }
          await inTurns(WARM_UP, SMALL)
          const { straight: smallStraight, through: smallThrough } = await inTurns(small, SMALL)
          await inTurns(1, LARGE)
          const { straight: largeStraight, through: largeThrough } = await inTurns(large, LARGE)
          const [direct, tracked] = [median(smallStraight).toFixed(1), median(smallThrough).toFixed(1)]
          log(`20 KB: ${direct} ms straight, ${tracked} ms through the tracker`)
          return { smallStraight, smallThrough, largeStraight, largeThrough }
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
 * Uploads an invented file of so many bytes as a backend does, with a streamed multipart form and an extension that stays
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
  const responded = responseTo(outgoing)
  await pipeline(Readable.from(formOf(head, bytes, tail)), outgoing)
  const { status, text } = await responded
  if (status !== 200) throw new Error(`the response to an upload was ${status}: ${text}`)
  return performance.now() - startedAt
}

function fieldText([name, value]: [name: string, value: string]): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
}

function* formOf(head: Buffer, bytes: number, tail: Buffer): Generator<Buffer> {
  yield head
  for (let left = bytes; left > 0; left -= CHUNK.length) yield CHUNK.subarray(0, left)
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
