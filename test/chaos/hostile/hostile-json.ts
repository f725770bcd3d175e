import { wideList, wideObject } from '../../support/wide-json.ts'
import { type Dice, mutate } from './dice.ts'

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const nestedObjects = (depth: number) => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)

/** JSON texts of unexpected values. */
const VALUES = [
  'null',
  'true',
  '-0',
  '0.1e1',
  '1e400',
  '-1e-400',
  '9'.repeat(400),
  '""',
  '[]',
  '{}',
  '[[[]]]',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\u{1f600}"',
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '"status"',
  '"../x"',
  '"http://127.0.0.1:1/"',
  '"file:///etc/passwd"',
  '"javascript:alert(1)"',
  `"${'x'.repeat(300)}"`,
  `"${'\\u0000'.repeat(1000)}"`,
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{}}}',
  '{"a":1,"a":2}',
  '{"toString":1,"valueOf":2,"toJSON":3}',
  '{"then":1}',
  '{"length":1e9}',
  '[null,null]',
  '[1,"2",{}]',
  nested(50),
  nested(501),
  nested(20_000),
  nestedObjects(600),
  nestedObjects(20_000),
  `"${'y'.repeat(70_000)}"`,
  `[${'{"name":"remove-bg"},'.repeat(200)}{"name":"x"}]`,
  `{${'"k":1,'.repeat(5000)}"k":2}`,
]

/** Bodies that are not valid JSON. */
const INVALID_JSON = [
  '',
  ' ',
  '\ufeff',
  '\ufeff{}',
  '{',
  '}',
  '{"a"',
  '{}{}',
  'NaN',
  'undefined',
  "{'a':1}",
  '{"a":1,}',
  '/**/{}',
  '\u0000',
  '{"a":"\n"}',
]

export function hostileValue(dice: Dice): string {
  return dice.pick(VALUES)
}

/** The bytes of a body where JSON is expected. */
export function hostileJson(dice: Dice): Buffer {
  return dice.pick([
    () => Buffer.from(hostileValue(dice)),
    () => Buffer.from(dice.pick(INVALID_JSON)),
    () => Buffer.from(`{"x":${hostileValue(dice)}}`),
    () => Buffer.from('{"a":1}', 'utf16le'),
    () => Buffer.concat([Buffer.from('{"a":"'), dice.bytes(dice.below(50)), Buffer.from('"}')]),
    () => dice.bytes(dice.below(300)),
    () => Buffer.from(`{"x":"${'x'.repeat(dice.chance(0.1) ? 1_100_000 : 1000)}"}`),
  ])()
}

/** The length of a wide value: a list or an object with very many members. The size limit of a body is 1 MiB. */
const WIDE_BYTES = 1024 * 1024 - 2000

const WIDE = [
  wideList('{}', WIDE_BYTES),
  wideList('[]', WIDE_BYTES),
  wideList('{"name":"n","source":"s"}', WIDE_BYTES),
  wideObject('"success"', WIDE_BYTES),
  `{"a":${wideList('{}', WIDE_BYTES)}}`,
]
/** Members that hold a list or an object in ImageKit's payloads and in requests. */
const COLLECTION_MEMBERS = [
  'extensions',
  'extensionStatus',
  'AITags',
  'tags',
  'customMetadata',
  'error',
  'fileObject',
  'data',
]

/** A valid body with a member so wide that the size of the body is close to the limit, below or above it. */
export function widenJson(dice: Dice, good: object): Buffer {
  const name = dice.pick([...Object.keys(good), ...COLLECTION_MEMBERS])
  const others = Object.entries(good).filter(([other]) => other !== name)
  const rest = JSON.stringify(Object.fromEntries([['x', 'x'.repeat(dice.chance(0.5) ? 5000 : 1)], ...others]))
  return Buffer.from(`{${JSON.stringify(name)}:${dice.pick(WIDE)},${rest.slice(1)}`)
}

/** A valid body with one member replaced, repeated, added or removed, or with changed bytes. */
export function spoilJson(dice: Dice, good: object): Buffer {
  const members = Object.entries(good).map(
    ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
  )
  if (dice.chance(0.3))
    return mutate(dice, Buffer.from(`{${members.join(',')}}`), [
      '"',
      '\\',
      '{',
      ',',
      '\u0000',
      '\xff',
      'null',
    ])
  const at = dice.below(members.length + 1)
  const name = Object.keys(good)[at] ?? dice.pick(['__proto__', 'constructor', '', 'extra', 'toJSON'])
  const changed = `${JSON.stringify(name)}:${hostileValue(dice)}`
  if (dice.chance(0.3)) members.splice(at, 0, changed)
  else members.splice(at, 1, ...(dice.chance(0.8) ? [changed] : []))
  return Buffer.from(`{${members.join(',')}}`)
}
