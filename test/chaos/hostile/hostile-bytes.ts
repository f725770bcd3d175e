import { API_KEY } from '../../support/tracker.ts'
import { type Dice, mutate } from './dice.ts'
import { BOUNDARY, hostileForm } from './hostile-form.ts'
import type { Known } from './target.ts'

/** The bytes of one connection. `responses`: how many responses must come back, or a single 400; undefined if that is uncertain. */
export type HostileBytes = { bytes: Buffer; responses?: 'one rejection' | number }

/** A request hidden in the body of another one, whose length is ambiguous or invalid. If it gets a response, the service processed it. */
const HIDDEN = 'GET /problems/hidden HTTP/1.1\r\nHost: x\r\n\r\n'
export const RESPONSE_TO_HIDDEN = 'There is no problem with this code.'

export function hostileBytes(dice: Dice, known: readonly Known[]): HostileBytes {
  const good = () => goodRequest(dice, dice.pick(known))
  return dice.pick<() => HostileBytes>([
    () => ({ bytes: dice.bytes(1 + dice.below(400)) }),
    () => ({ bytes: mutate(dice, good(), INSERTS) }),
    () => ({ bytes: mutate(dice, Buffer.concat(Array.from({ length: 1 + dice.below(20) }, good)), INSERTS) }),
    () => ({ bytes: Buffer.concat([good(), dice.bytes(dice.below(50)), good()]) }),
    () => ({ bytes: good().subarray(0, dice.below(200)) }),
    () => pipelined(dice),
    () => ({ bytes: smuggled(dice), responses: 'one rejection' }),
    () => ({ bytes: post(`Transfer-Encoding: chunked\r\n`, dice.pick(ODD_CHUNKS)) }),
    () => ({ bytes: Buffer.from(dice.pick(ODD_REQUESTS), 'latin1') }),
    () => ({ bytes: oddHead(dice) }),
  ])()
}

const INSERTS = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  '\u0000',
  '\r\n folded',
  ' ',
  ':',
  '\xff',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'HTTP/1.1',
  'Expect: 100-continue\r\n',
  'Connection: upgrade\r\nUpgrade: h2c\r\n',
  'Connection: close\r\n',
  'Host: y\r\n',
  '0\r\n\r\n',
]

function goodRequest(dice: Dice, { fileId, webhookToken, statusToken }: Known): Buffer {
  const key = `Authorization: Bearer ${API_KEY}\r\n`
  const webhook = JSON.stringify({ service: 'remove-bg', status: 'SUCCESS', fileId })
  const registration = JSON.stringify({ extensions: [{ name: 'remove-bg' }] })
  return dice.pick([
    () => Buffer.from('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'),
    () => Buffer.from(`GET /assets/${fileId}/status?token=${statusToken} HTTP/1.1\r\nHost: x\r\n\r\n`),
    () => request('POST', `/webhooks/extension/${webhookToken}`, '', Buffer.from(webhook)),
    () => request('POST', '/submissions', key, Buffer.from(registration)),
    () =>
      request(
        'POST',
        '/api/v1/files/upload',
        `${key}Content-Type: multipart/form-data; boundary=${BOUNDARY}\r\n`,
        hostileForm(dice),
      ),
  ])()
}

function request(method: string, path: string, headers: string, body: Buffer): Buffer {
  const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\n${headers}Content-Length: ${body.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), body])
}

function post(headers: string, body: string): Buffer {
  return Buffer.from(`POST /webhooks/extension/x.y HTTP/1.1\r\nHost: x\r\n${headers}\r\n${body}`, 'latin1')
}

function pipelined(dice: Dice): HostileBytes {
  const responses = 1 + dice.below(30)
  return { bytes: Buffer.from('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(responses)), responses }
}

/** A proxy and the service could disagree about where each of these requests ends, so the service must reject the whole connection. */
function smuggled(dice: Dice): Buffer {
  const length = `Content-Length: ${HIDDEN.length}\r\n`
  return dice.pick([
    () => post(`${length}Transfer-Encoding: chunked\r\n`, `0\r\n\r\n${HIDDEN}`),
    () => post(`Transfer-Encoding: chunked\r\n${length}`, `0\r\n\r\n${HIDDEN}`),
    () => post(`Content-Length: 0\r\n${length}`, HIDDEN),
    () => post(`${length}Content-Length: 0\r\n`, HIDDEN),
    () => post('Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${HIDDEN}`),
    () => post('Transfer-Encoding: chunked, identity\r\n', `0\r\n\r\n${HIDDEN}`),
    () => post('Transfer-Encoding : chunked\r\n', `0\r\n\r\n${HIDDEN}`),
    () =>
      post(
        `Content-Length: ${dice.pick(['+5', '-5', '0x5', '5,5', '5 5', '1e1', '99999999999999999999999'])}\r\n`,
        HIDDEN,
      ),
    () => post('Content-Length\u0000: 5\r\n', HIDDEN),
  ])()
}

/** Chunked bodies that are invalid, incomplete, or unusual. */
const ODD_CHUNKS = [
  'ffffffffffffffffff\r\nx',
  '-1\r\nx',
  '0x5\r\nhello\r\n',
  '5\nhello\r\n',
  '5\r\nhelloworld\r\n',
  'g\r\n',
  '\r\n',
  ' 5\r\nhello\r\n',
  '5;\r\nhello\r\n',
  `5;${'x'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`,
  `${'5;a=b\r\nhello\r\n'.repeat(2000)}0\r\n\r\n`,
  `0\r\n${'X: y\r\n'.repeat(5000)}\r\n`,
  `0\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`,
  '1\r\nx\r\n'.repeat(5000),
  '00000000000000000000\r\n\r\n',
  '5\r\nhello0\r\n\r\n',
]

/** Other protocols, other versions of HTTP, and malformed or unusual requests. */
const ODD_REQUESTS = [
  'GET /healthz\r\n',
  'GET /healthz\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u0000\u0000\u0000\u0004',
  'GET / HTTP/9.9\r\n\r\n',
  'HTTP/1.1 200 OK\r\n\r\n',
  '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  'SSH-2.0-x\r\n',
  'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nmore',
  '\r\n\r\n\r\n\r\n',
  '*3\r\n$3\r\nSET\r\n',
  'GET /healthz HTTP/1.1\nHost: x\n\n',
  'GET /healthz HTTP/1.1\rHost: x\r\r',
  'GET\t/healthz\tHTTP/1.1\r\nHost: x\r\n\r\n',
  'GET  /healthz  HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n\u0081\u0005hello',
]

/** A head whose headers are mostly too many, too long or malformed. */
function oddHead(dice: Dice): Buffer {
  const headers = dice.pick([
    `X: ${'x'.repeat(15_000 + dice.below(100_000))}\r\n`,
    'X: y\r\n'.repeat(dice.below(5000)),
    ':\r\n'.repeat(50),
    `${'n'.repeat(20_000)}: x\r\n`,
    'a:\r\n'.repeat(20_000),
    `Cookie: ${'c=d; '.repeat(5000)}\r\n`,
    `X: ${' '.repeat(30_000)}\r\n`,
    'X: a\r\n b\r\n'.repeat(100),
  ])
  return Buffer.from(`GET /healthz HTTP/1.1\r\nHost: x\r\n${headers}\r\n`)
}
