import { uploadedFile } from '../../support/broken-imagekit.ts'
import { accountEvent, ikHeaders, standardHeaders } from '../../support/signed-webhooks.ts'
import { ADMIN_KEY, API_KEY } from '../../support/tracker.ts'
import { type Dice, mutate } from './dice.ts'
import { BOUNDARY, hostileForm } from './hostile-form.ts'
import { hostileJson, spoilJson } from './hostile-json.ts'

/** What a caller who belongs here knows. */
export type Known = { fileId: string; submissionId: string; webhookToken: string; statusToken: string }

export type HostileRequest = {
  method: string
  target: string
  bytes: Buffer
  /** Its body is as long as its head says, so that it has to be answered without more. */
  isWhole: boolean
}

type Header = [name: string, value: string]

/** A request to one of the routes (`METHOD /path/:param`), good in most of its parts. */
export function hostileRequest(
  dice: Dice,
  routes: readonly string[],
  known: readonly Known[],
): HostileRequest {
  const [routeMethod = 'GET', pattern = '/'] = dice.pick(routes).split(' ')
  const one = dice.pick(known)
  const method = dice.chance(0.9) ? routeMethod : dice.pick(METHODS)
  const path = dice.chance(0.9) ? fillIn(dice, pattern, one) : oddPath(dice, pattern)
  const target = path + queryOf(dice, pattern, one)
  const body = bodyOf(dice, pattern, method, one)
  const headers = [...headersOf(dice, pattern, body), ...oddHeaders(dice)]
  const framing = dice.pick(['length', 'length', 'length', 'chunked', 'short'] as const)
  const isWhole = framing !== 'short' || body.length === 0
  if (framing === 'chunked') headers.push(['Transfer-Encoding', 'chunked'])
  else if (body.length > 0)
    headers.push(['Content-Length', String(body.length + (isWhole ? 0 : 1 + dice.below(1000)))])
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`, 'latin1')
  const content = framing === 'chunked' ? chunked(dice, body) : body
  return { method, target, bytes: Buffer.concat([head, content]), isWhole }
}

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'M-SEARCH',
  'QUERY',
]

function fillIn(dice: Dice, pattern: string, known: Known): string {
  return pattern.replace(/:(\w+)/g, (_, name: string) => {
    if (dice.chance(0.1)) return dice.pick(ODD_SEGMENTS)
    if (name === 'token') return spoilToken(dice, known.webhookToken)
    if (name === 'submissionId') return known.submissionId
    if (name === 'code') return dice.pick(['internal', 'not_found', '__proto__', 'x'])
    return known.fileId
  })
}

const ODD_SEGMENTS = [
  '%00',
  '%ff',
  '%',
  '%E0%A4%A',
  '%ed%a0%80',
  '.',
  '..',
  '%2e%2e',
  '%2f',
  '%5c',
  ':fileId',
  '*',
  'a b',
  '\xff',
  'status',
  'retry',
  '__proto__',
  'constructor',
  'a;b',
  "'",
  '%0d%0aX:%20y',
  `${'x'.repeat(257)}`,
  'x'.repeat(9000),
  '~',
  '%F0%9F%98%80',
  '[',
  '{}',
  '<script>',
]

function oddPath(dice: Dice, pattern: string): string {
  return dice.pick([
    `/${pattern}`,
    `${pattern}/`,
    `//x${pattern}`,
    `/.${pattern}`,
    `/x/..${pattern}`,
    pattern.toUpperCase(),
    pattern.replaceAll('/', '%2f'),
    `http://other.invalid${pattern}`,
    `https://[${pattern}`,
    '*',
    '',
    '?',
    '/',
    `/${dice.pick(ODD_SEGMENTS)}`,
    `${pattern}#x`,
    pattern.replace('s', '%73'),
  ])
}

function spoilToken(dice: Dice, token: string): string {
  if (dice.chance(0.7)) return token
  const at = dice.below(token.length)
  return dice.pick([
    token.slice(0, at) + dice.pick(['A', '0', '-', '.', '%00', '%41']) + token.slice(at + 1),
    token.slice(0, at),
    token.slice(at),
    token + token,
    token.toUpperCase(),
    token.replace('.', '%2e'),
    token.replace('.', ''),
  ])
}

function queryOf(dice: Dice, pattern: string, known: Known): string {
  if (dice.chance(0.4) && !pattern.endsWith('/assets/status')) return ''
  const members = Array.from({ length: dice.below(4) }, () =>
    dice.pick([
      `fileId=${known.fileId}`,
      `token=${known.statusToken}`,
      `token=${spoilToken(dice, known.statusToken)}`,
      'wait=0',
      'wait=-1',
      'wait=61',
      'wait=1e1',
      'wait=%31',
      'fileId=',
      'fileId=%ff',
      'fileId=%00',
      `${'fileId=x&'.repeat(101)}`,
      '__proto__=1',
      '&&&',
      '=',
      '%',
      `q=${'x'.repeat(6000)}`,
      'limit=9e9',
      'cursor=x',
    ]),
  )
  return `?${members.join('&')}`
}

function bodyOf(dice: Dice, pattern: string, method: string, known: Known): Buffer {
  if (/^(GET|HEAD|OPTIONS)$/.test(method) && dice.chance(0.9)) return Buffer.alloc(0)
  if (pattern.endsWith('/upload') && dice.chance(0.9)) return hostileForm(dice)
  if (dice.chance(0.15)) return hostileJson(dice)
  const good = goodBody(dice, pattern, known)
  return dice.chance(0.4)
    ? Buffer.from(typeof good === 'string' ? good : JSON.stringify(good))
    : spoil(dice, good)
}

function spoil(dice: Dice, good: object | string): Buffer {
  return typeof good === 'string'
    ? mutate(dice, Buffer.from(good), ['"', '\\', '\u0000'])
    : spoilJson(dice, good)
}

function goodBody(dice: Dice, pattern: string, { fileId }: Known): object | string {
  if (pattern.endsWith('/extension/:token')) {
    const status = dice.pick(['SUCCESS', 'FAILURE'])
    return {
      service: dice.pick(['remove-bg', 'google-auto-tagging']),
      status,
      fileId,
      fileObject: { fileId },
      error: { reason: 'x' },
    }
  }
  if (pattern.endsWith('/account')) return accountEvent('file-updated', { id: `evt-${dice.below(1e9)}` })
  if (pattern.endsWith('/response'))
    return uploadedFile(fileId, { extensionStatus: { 'remove-bg': 'success' } })
  if (pattern.endsWith('/reconcile')) return { dryRun: dice.chance(0.5) }
  if (pattern.endsWith('/details'))
    return {
      tags: ['a'],
      description: 'x',
      extensions: [{ name: 'remove-bg' }],
      webhookUrl: 'http://127.0.0.1:1/hook',
    }
  return { extensions: [{ name: 'remove-bg', options: { a: 1 } }], fileId: `f-${dice.below(1e6)}` }
}

function headersOf(dice: Dice, pattern: string, body: Buffer): Header[] {
  const headers: Header[] = [
    ['Host', dice.chance(0.95) ? 'tracker.invalid' : dice.pick(['', 'a b', 'x@y', '[::1', 'x'.repeat(5000)])],
  ]
  const isOperators = /reconcile|replay|^\/runs|^\/admin|^\/stats/.test(pattern)
  const key = isOperators ? ADMIN_KEY : API_KEY
  if (dice.chance(0.85)) headers.push(['Authorization', `Bearer ${key}`])
  else
    headers.push([
      'Authorization',
      dice.pick([
        `Basic ${btoa(`${key}:`)}`,
        `Basic ${btoa(':')}`,
        'Basic !!!',
        'Bearer',
        `Bearer ${key}x`,
        `bearer  ${ADMIN_KEY}`,
        'x'.repeat(9000),
        '\xff',
      ]),
    ])
  if (pattern.endsWith('/upload'))
    headers.push([
      'Content-Type',
      dice.chance(0.9) ? `multipart/form-data; boundary=${BOUNDARY}` : dice.pick(ODD_TYPES),
    ])
  else if (dice.chance(0.5))
    headers.push(['Content-Type', dice.chance(0.5) ? 'application/json' : dice.pick(ODD_TYPES)])
  if (pattern.endsWith('/account') && dice.chance(0.8))
    headers.push(...Object.entries((dice.chance(0.5) ? ikHeaders : standardHeaders)(body.toString())))
  return headers
}

const ODD_TYPES = [
  'multipart/form-data',
  'multipart/form-data; boundary=',
  `multipart/form-data; boundary=${'b'.repeat(300)}`,
  'multipart/form-data; boundary="',
  'multipart/mixed; boundary=x',
  'text/plain; charset=utf-16',
  ';',
  '',
]

function oddHeaders(dice: Dice): Header[] {
  const headers: Header[] = []
  while (dice.chance(0.35)) {
    headers.push(
      dice.pick<Header>([
        ['Idempotency-Key', `key-${dice.below(20)}`],
        ['Idempotency-Key', 'a b'],
        ['Idempotency-Key', 'x'.repeat(256)],
        ['If-None-Match', '*'],
        ['If-None-Match', 'W/"x", "'],
        ['Last-Event-ID', '\xff'],
        ['Last-Event-ID', '"'.repeat(1000)],
        ['Origin', 'null'],
        ['Origin', 'http://evil.invalid'],
        ['X-Forwarded-For', '127.0.0.1'],
        ['X-Forwarded-Host', 'evil.invalid'],
        ['Forwarded', 'for="'],
        ['Expect', 'wonders'],
        ['Expect', '100-continue'],
        ['x-ik-signature', 't=1,v1=00'],
        ['x-ik-signature', 'x'.repeat(3000)],
        ['webhook-id', ''],
        ['webhook-timestamp', '1e99'],
        ['webhook-signature', 'v1,'],
        ['X-Request-Id', '<script>'],
        ['X-Request-Id', 'x'.repeat(300)],
        ['Cookie', 'a=b'],
        ['Content-Encoding', 'gzip'],
        ['Upgrade', 'websocket'],
        ['TE', 'trailers'],
        ['Range', 'bytes=0-'],
        ['__proto__', 'x'],
        ['constructor', 'x'],
        ['X-Http-Method-Override', 'DELETE'],
        ['Accept', 'text/event-stream'],
        ['Trailer', 'x'],
      ]),
    )
  }
  return headers
}

function chunked(dice: Dice, body: Buffer): Buffer {
  const middle = dice.below(body.length + 1)
  const pieces = [body.subarray(0, middle), body.subarray(middle)].filter((piece) => piece.length > 0)
  const chunks = pieces.flatMap((piece) => [
    Buffer.from(`${piece.length.toString(16)}\r\n`),
    piece,
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')])
}
