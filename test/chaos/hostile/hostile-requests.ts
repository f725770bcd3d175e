import type { Dice } from './dice.ts'
import { hostileBody } from './hostile-body.ts'
import { headersOf, oddHeaders } from './hostile-headers.ts'
import { hostilePath, hostileQuery } from './hostile-target.ts'
import type { Known } from './target.ts'

export type HostileRequest = {
  method: string
  target: string
  bytes: Buffer
  /** Whether its body has the declared length, so that the service must respond without more bytes. */
  isWhole: boolean
}

/** A request to one of the routes (`METHOD /path/:param`). Any part of it may be invalid. */
export function hostileRequest(
  dice: Dice,
  routes: readonly string[],
  known: readonly Known[],
): HostileRequest {
  const [routeMethod = 'GET', pattern = '/'] = dice.pick(routes).split(' ')
  const one = dice.pick(known)
  const method = dice.chance(0.9) ? routeMethod : dice.pick(METHODS)
  const target = hostilePath(dice, pattern, one) + hostileQuery(dice, pattern, one)
  const body = hostileBody(dice, pattern, method, one)
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
