import type { IncomingMessage, ServerResponse } from 'node:http'
import { startMisbehavingImagekit, uploadedFile } from '../../support/misbehaving-imagekit.ts'
import { PASSED_ON } from './check-response.ts'
import type { Dice } from './dice.ts'
import { hostileJson } from './hostile-json.ts'

export type RandomImagekit = {
  url: string
  calls(): number
  /** From now on it sends only valid responses. */
  behave(): void
  /** The webhook URL of a file that was uploaded after `behave`. */
  webhookUrl(fileId: string): string
}

/** An ImageKit that sends valid and invalid responses at random. */
export async function startRandomImagekit(dice: Dice): Promise<RandomImagekit> {
  let files = 0
  let behaves = false
  const webhookUrls = new Map<string, string>()
  const { url, calls } = await startMisbehavingImagekit(({ incoming: request, outgoing: response }) => {
    response.on('error', () => {})
    response.setHeader(PASSED_ON, dice.pick(['req-1', '', 'ü'.repeat(20), 'x'.repeat(4000)]))
    if (!behaves && dice.chance(0.02)) request.socket.destroy()
    const respond = behaves || dice.chance(0.4) ? respondAsDocumented : respondWithNonsense
    let body = ''
    request.on('data', (bytes: Buffer) => {
      if (behaves) body += bytes.toString()
    })
    request.once('end', () => {
      files += 1
      const fileId = `made-${files}`
      webhookUrls.set(fileId, /name="webhookUrl"\r\n\r\n(\S+)/.exec(body)?.[1] ?? '')
      respond(dice, request, response, fileId)
    })
  })
  return {
    url,
    calls: () => calls.length,
    webhookUrl: (fileId) => webhookUrls.get(fileId) ?? '',
    behave() {
      behaves = true
    },
  }
}

type Respond = (dice: Dice, request: IncomingMessage, response: ServerResponse, fileId: string) => void

const respondAsDocumented: Respond = (dice, request, response, fileId) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://x')
  const query = searchParams.get('searchQuery')
  const file = uploadedFile(fileId, { extensionStatus: { 'remove-bg': 'pending' }, AITags: [] })
  const found = [...(query ?? '').matchAll(/"([\w-]+)"/g)].map(([, fileId = '']) => uploadedFile(fileId))
  const body = query === null ? file : found.filter(() => dice.chance(0.8))
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const respondWithNonsense: Respond = (dice, request, response) => {
  const { socket } = request
  const nonsense = dice.pick([
    () => response.writeHead(dice.pick(STATUSES)).end(hostileJson(dice)),
    () =>
      response
        .writeHead(dice.pick(STATUSES), { 'content-type': dice.pick(TYPES) })
        .end(dice.bytes(dice.below(200))),
    () => response.writeHead(200).end(JSON.stringify({ ...uploadedFile('x'), ...oddFile(dice) })),
    () =>
      response.writeHead(dice.pick([400, 403, 429, 500])).end(JSON.stringify({ message: 'no', help: '' })),
    () => response.writeHead(429, { 'x-ratelimit-reset': dice.pick(['50', '-1', 'soon', '1e99']) }).end(),
    () => response.writeHead(dice.pick([301, 302, 307, 308]), { location: 'http://127.0.0.1:1/' }).end(),
    () => response.writeHead(200, { 'content-length': 1000, connection: 'close' }).end('{"fileId":"cut'),
    () => response.writeHead(200).end(`{"fileId":"big","x":"${'x'.repeat(1_000_000)}"}`),
    () => response.writeHead(200, { 'x-much': 'x'.repeat(60_000) }).end('{}'),
    () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}'),
    () => socket.end('HTTP/1.1 99 Odd\r\n\r\n'),
    () => socket.end(dice.bytes(100)),
    () =>
      socket.end(
        'HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}',
      ),
    () => socket.resetAndDestroy(),
  ])
  nonsense()
}

const STATUSES = [
  200, 201, 202, 203, 204, 205, 206, 226, 299, 304, 400, 404, 418, 429, 451, 499, 500, 502, 503, 599, 600,
  799, 999,
]
const TYPES = ['text/html', '', 'application/json; charset=utf-16', 'x', 'application/problem+json']

function oddFile(dice: Dice): object {
  return dice.pick<object>([
    { fileId: 7 },
    { fileId: '' },
    { fileId: 'status' },
    { fileId: 'a/../b?c#d' },
    { fileId: 'lone\ud800' },
    { fileId: 'x'.repeat(5000) },
    { fileId: '__proto__' },
    { name: { a: 1 } },
    { extensionStatus: [] },
    { extensionStatus: { 'remove-bg': { a: 1 }, __proto__: 'success', '': 'failed' } },
    {
      extensionStatus: Object.fromEntries(
        Array.from({ length: 2000 }, (_, index) => [`e${index}`, 'success']),
      ),
    },
    { AITags: 'x', versionInfo: [] },
    { AITags: [null, { name: 1 }, []], tags: [1], customMetadata: { a: { b: 1 } } },
    { versionInfo: { id: 1, name: null }, size: '5', url: 7 },
  ])
}
