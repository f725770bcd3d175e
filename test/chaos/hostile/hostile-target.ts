import type { Dice } from './dice.ts'
import type { Known } from './target.ts'

/** The path of a request to a route, mostly with the known ids and tokens as parameters. */
export function hostilePath(dice: Dice, pattern: string, known: Known): string {
  return dice.chance(0.9) ? fillIn(dice, pattern, known) : oddPath(dice, pattern)
}

function fillIn(dice: Dice, pattern: string, known: Known): string {
  return pattern.replace(/:(\w+)/g, (_, name: string) => {
    if (dice.chance(0.1)) return dice.pick(ODD_SEGMENTS)
    if (name === 'token') return spoilToken(dice, known.webhookToken)
    if (name === 'submissionId') return known.submissionId
    if (name === 'code') return dice.pick(['internal', 'not_found', '__proto__', 'x'])
    if (name === 'runId') return known.runId
    // Also for other parameters, such as `:deliveryId`, which are then invalid.
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
  'sub_1_AAAAAAAAAAA',
  'sub_9007199254740993_AAAAAAAAAAA',
  'run_01_AAAAAAAAAAA',
  'dlv_-1_AAAAAAAAAAA',
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

/** Returns the token unchanged in most cases, else damaged. */
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

export function hostileQuery(dice: Dice, pattern: string, known: Known): string {
  if (dice.chance(0.4) && !pattern.endsWith('/assets/status')) return ''
  const parameters = Array.from({ length: dice.below(4) }, () =>
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
  return `?${parameters.join('&')}`
}
