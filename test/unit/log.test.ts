import { expect, onTestFinished, test } from 'vitest'
import { gatherLines } from '../../src/log.ts'

const turnEnds = () => new Promise<void>((resolve) => setImmediate(resolve))

function gather() {
  const written: string[] = []
  const known = new Set(process.listeners('exit'))
  const lines = gatherLines({ write: (text) => written.push(text) })
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
