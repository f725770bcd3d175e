import { expect, it } from 'vitest'
import { createTurnEnd } from '../../../src/http/turn-end.ts'

const turnEnds = () => new Promise<void>((resolve) => setImmediate(resolve))

it('does work once the turn has ended, all of it together and in its order', async () => {
  const atTurnEnd = createTurnEnd()
  const written: string[] = []
  atTurnEnd(() => written.push('a'))
  // As another socket that was ready, whose callback has microtasks of its own.
  await Promise.resolve()
  expect(written).toEqual([])
  atTurnEnd(() => written.push('b'))
  await turnEnds()
  expect(written).toEqual(['a', 'b'])
})

it('does in the next turn what comes while work is done', async () => {
  const atTurnEnd = createTurnEnd()
  const written: string[] = []
  atTurnEnd(() => {
    written.push('a')
    atTurnEnd(() => written.push('b'))
  })
  await turnEnds()
  expect(written).toEqual(['a'])
  await turnEnds()
  expect(written).toEqual(['a', 'b'])
})
