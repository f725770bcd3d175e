import { createHash } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { Busboy } from '@fastify/busboy'
import { startListening } from '../support/listening.ts'

type ReceivedFile = { name: string; sha256: string; bytes: number }

export type ReceivedForm = { fields: [string, string][]; file: ReceivedFile | undefined }

export type ReceivedRequest = {
  method: string
  url: string
  headers: IncomingHttpHeaders
  form?: ReceivedForm
  json?: unknown
}

export type Reply = { status: number; body?: unknown; headers?: { [name: string]: string } }

export type FakeTracker = { url: string; requests: ReceivedRequest[] }

/** A real HTTP server in the tracker's place: it records the requests and responds with `reply`. */
export function startFakeTracker(
  reply: (received: ReceivedRequest) => Reply | Promise<Reply>,
): Promise<FakeTracker> {
  const requests: ReceivedRequest[] = []
  return listen(async (incoming, response) => {
    const received = await receive(incoming)
    requests.push(received)
    const { status, body, headers } = await reply(received)
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(body === undefined ? '' : JSON.stringify(body))
  }).then((url) => ({ url, requests }))
}

/** Starts a server with this handler and closes it when the test ends. Returns its URL. */
export function listen(
  handler: (incoming: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<string> {
  const server = createServer((incoming, response) => void handler(incoming, response))
  return startListening(server)
}

async function receive(incoming: IncomingMessage): Promise<ReceivedRequest> {
  const { method = '', url = '', headers } = incoming
  const contentType = headers['content-type']
  if (contentType === 'application/json')
    return { method, url, headers, json: JSON.parse(await text(incoming)) }
  if (!contentType?.startsWith('multipart/form-data')) return { method, url, headers }
  return { method, url, headers, form: await readForm(incoming, contentType) }
}

export function readForm(incoming: IncomingMessage, contentType: string): Promise<ReceivedForm> {
  return new Promise((resolve, reject) => {
    const fields: [string, string][] = []
    let file: ReceivedFile | undefined
    const busboy = new Busboy({ headers: { 'content-type': contentType } })
    busboy.on('field', (name, value) => fields.push([name, value]))
    busboy.on('file', (_field, stream, name) => {
      const hash = createHash('sha256')
      let bytes = 0
      stream.on('data', (chunk: Buffer) => {
        hash.update(chunk)
        bytes += chunk.length
      })
      stream.on('end', () => {
        file = { name, sha256: hash.digest('hex'), bytes }
      })
    })
    busboy.on('finish', () => resolve({ fields, file }))
    busboy.on('error', reject)
    incoming.pipe(busboy)
  })
}
