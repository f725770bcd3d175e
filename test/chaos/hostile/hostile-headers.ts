import { ikHeaders, standardHeaders } from '../../support/signed-webhooks.ts'
import { ADMIN_KEY, API_KEY } from '../../support/tracker.ts'
import type { Dice } from './dice.ts'
import { BOUNDARY } from './hostile-form.ts'

type Header = [name: string, value: string]

/** The headers that the route with this path needs, mostly valid. */
export function headersOf(dice: Dice, pattern: string, body: Buffer): Header[] {
  const headers: Header[] = [
    ['Host', dice.chance(0.95) ? 'tracker.invalid' : dice.pick(['', 'a b', 'x@y', '[::1', 'x'.repeat(5000)])],
  ]
  const key = OPERATOR_PATTERN.test(pattern) ? ADMIN_KEY : API_KEY
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

/** The paths for operators. They require the admin key, except the pages under /admin: these ignore it, and most require a session. */
const OPERATOR_PATTERN =
  /^\/(admin|runs|retries|deliveries|notifications|stats|audit|reconcile|backup|doctor)\b|^\/assets\/:fileId$/

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

/** Further headers: some that the service reads, and some that it must ignore or must not trust. */
export function oddHeaders(dice: Dice): Header[] {
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
