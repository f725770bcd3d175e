// An upload of a made-up file, as a backend sends it: a multipart form that streams.
import { request } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SECRETS } from '../servers/secrets.mjs'

const BOUNDARY = 'bench-boundary-7f3a1c'
const CHUNK = Buffer.alloc(64 * 1024, 'imagekit')

/** Uploads so many bytes, with an extension that stays pending; resolves with how many milliseconds the answer took. */
export async function upload(url, bytes, agent) {
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
  const answered = answerOf(outgoing)
  await pipeline(Readable.from(formOf(head, bytes, tail)), outgoing)
  const { status, text } = await answered
  if (status !== 200) throw new Error(`an upload was answered ${status}: ${text}`)
  return performance.now() - startedAt
}

const FIELDS = [
  ['fileName', 'bench.bin'],
  ['extensions', JSON.stringify([{ name: 'remove-bg' }])],
  ['tags', 'sandbox:remove-bg=pending'],
]
const FILE_HEAD = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="bench.bin"\r\nContent-Type: application/octet-stream\r\n\r\n`

function fieldText([name, value]) {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
}

function* formOf(head, bytes, tail) {
  yield head
  for (let left = bytes; left > 0; left -= CHUNK.length) yield CHUNK.subarray(0, left)
  yield tail
}

function answerOf(outgoing) {
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      const chunks = []
      incoming.on('data', (chunk) => chunks.push(chunk))
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode, text: Buffer.concat(chunks).toString() }),
      )
      incoming.on('error', reject)
    })
  })
}
