import { expect, it } from 'vitest'
import { createTickBatcher } from '../../../src/http/tick-batcher.ts'

const turnEnds = () => new Promise<void>((resolve) => setImmediate(resolve))

it('does work once the turn has ended, all of it together and in its order', async () => {
  const turnEnd = createTickBatcher()
  const written: string[] = []
  turnEnd.do(() => written.push('a'))
  // As another socket that was ready, whose callback has microtasks of its own.
  await Promise.resolve()
  expect(written).toEqual([])
  turnEnd.do(() => written.push('b'))
  await turnEnds()
  expect(written).toEqual(['a', 'b'])
})

it('does in the next turn what comes while work is done', async () => {
  const turnEnd = createTickBatcher()
  const written: string[] = []
  turnEnd.do(() => {
    written.push('a')
    turnEnd.do(() => written.push('b'))
  })
  await turnEnds()
  expect(written).toEqual(['a'])
  await turnEnds()
  expect(written).toEqual(['a', 'b'])
})

it('tells whether there is work that waits for the end of this turn', async () => {
  const turnEnd = createTickBatcher()
  expect(turnEnd.isAwaited()).toBe(false)
  const seen: boolean[] = []
  turnEnd.do(() => seen.push(turnEnd.isAwaited()))
  expect(turnEnd.isAwaited()).toBe(true)
  await turnEnds()
  expect([...seen, turnEnd.isAwaited()]).toEqual([false, false])
})
