import { type Dice, mutate } from './dice.ts'
import { hostileValue } from './hostile-json.ts'

export const BOUNDARY = 'the-boundary'

type Part = { disposition: string; value: string | Buffer; moreHeaders?: string }

/** The bytes of an upload form: valid, with missing or odd parts, or with changed bytes, such as a broken boundary. */
export function hostileForm(dice: Dice): Buffer {
  const good: Part[] = [
    {
      disposition: 'name="file"; filename="shirt.jpg"',
      value: dice.bytes(dice.below(500)),
      moreHeaders: 'Content-Type: image/jpeg\r\n',
    },
    { disposition: 'name="fileName"', value: 'shirt.jpg' },
    { disposition: 'name="extensions"', value: '[{"name":"remove-bg"}]' },
  ]
  const parts = good.filter(() => !dice.chance(0.05))
  while (dice.chance(0.4)) parts.splice(dice.below(parts.length + 1), 0, oddPart(dice))
  const bytes = formBytes(parts)
  return dice.chance(0.25)
    ? mutate(dice, bytes, [
        `--${BOUNDARY}`,
        `\r\n--${BOUNDARY}--\r\n`,
        '\r\n',
        '\r\n\r\n',
        '\u0000',
        '"',
        '--',
      ])
    : bytes
}

function formBytes(parts: readonly Part[]): Buffer {
  const pieces = parts.flatMap(({ disposition, value, moreHeaders = '' }) => [
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\n${moreHeaders}\r\n`,
      'latin1',
    ),
    Buffer.from(value),
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--\r\n`)])
}

function oddPart(dice: Dice): Part {
  const disposition = dice.pick([
    'name="file"',
    'name="file"; filename="../../etc/passwd"',
    'name="file"; filename="\u0000"',
    'name="fileName"',
    'name="webhookUrl"',
    'name="extensions"',
    'name="tags"',
    'name="customMetadata"',
    'name="transformation"',
    'name="checks"',
    'name="__proto__"',
    'name="constructor"',
    'name=""',
    '',
    'name=',
    'filename="x"',
    'name="a"; name="b"',
    'name="a\\"b"',
    `name="${'n'.repeat(5000)}"`,
    `name="file"; filename="${'f'.repeat(5000)}"`,
    "name*=UTF-8''%ff%00",
    'name="%0d%0aX: y"',
    'name="\xff\xfe"',
  ])
  const moreHeaders = dice.pick([
    '',
    '',
    '',
    'Content-Type: \r\n',
    'Content-Transfer-Encoding: base64\r\n',
    'Content-Disposition: form-data; name="twice"\r\n',
    'X: y\r\n'.repeat(3000),
    `X: ${'y'.repeat(20_000)}\r\n`,
    'no colon\r\n',
    ': no name\r\n',
    ' folded\r\n',
    'Content-Length: 99999\r\n',
  ])
  const value = dice.pick([
    () => hostileValue(dice),
    () => dice.bytes(dice.below(100)),
    () => '',
    () => 'x'.repeat(dice.chance(0.1) ? 1_100_000 : 100),
    () => 'http://127.0.0.1:1/hook',
    () => 'https://caller.invalid/hook',
    () => `data:image/png;base64,${'A'.repeat(50)}`,
    () => '[{"name":"remove-bg"}]',
  ])()
  return { disposition, value, moreHeaders }
}
