import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { bufferLines } from '../../src/log.ts'

const turnEnds = () => new Promise<void>((resolve) => setImmediate(resolve))

function gather() {
  const written: string[] = []
  const known = new Set(process.listeners('exit'))
  const lines = bufferLines({ write: (text) => written.push(text) })
  const onExit = process.listeners('exit').find((listener) => !known.has(listener))
  if (onExit === undefined) throw new Error('nothing is done at the exit')
  onTestFinished(() => {
    process.off('exit', onExit)
  })
  return { written, lines, exit: () => onExit(0) }
}

test('what is logged in one turn is written by one call, in order, and what comes later by another', async () => {
  const { written, lines } = gather()
  lines.write('a\n')
  await Promise.resolve()
  lines.write('b\n')
  expect(written).toEqual([])
  await turnEnds()
  expect(written).toEqual(['a\nb\n'])
  lines.write('c\n')
  await turnEnds()
  expect(written).toEqual(['a\nb\n', 'c\n'])
})

test('what was logged right before the exit is written, once', async () => {
  const { written, lines, exit } = gather()
  lines.write('the last\n')
  exit()
  expect(written).toEqual(['the last\n'])
  await turnEnds()
  expect(written).toHaveLength(1)
})

test('control, bidirectional, invisible and line-separating characters of keys and values are escaped, and nothing else changes', async () => {
  const { written, lines } = gather()
  const unsafe = [
    [0x00, 0x1f],
    [0x7f, 0x9f],
    [0xad, 0xad],
    [0x61c, 0x61c],
    [0x180e, 0x180e],
    [0x200b, 0x200f],
    [0x2028, 0x202e],
    [0x2060, 0x206f],
    [0xfeff, 0xfeff],
    [0xfff9, 0xfffb],
    [0xe0000, 0xe007f],
  ].flatMap(([from = 0, to = 0]) => Array.from({ length: to - from + 1 }, (_, index) => from + index))
  const hidden = String.fromCodePoint(...unsafe)
  const shown = 'Größe 尺寸 📷 "\\'
  const log = pino({ base: null, timestamp: false }, lines)
  log.info(
    { [`key${hidden}${shown}`]: { nested: [`${hidden}${shown}`] }, err: new Error(hidden) },
    `msg${hidden}`,
  )
  await turnEnds()
  const [line = ''] = written
  expect(line.endsWith('\n')).toBe(true)
  const characters = new Set(line.slice(0, -1))
  expect(unsafe.filter((code) => characters.has(String.fromCodePoint(code)))).toEqual([])
  for (const character of shown.replace(/["\\]/g, '')) expect(line).toContain(character)
  expect(JSON.parse(line)).toMatchObject({
    [`key${hidden}${shown}`]: { nested: [`${hidden}${shown}`] },
    err: { message: hidden },
    msg: `msg${hidden}`,
  })
})
