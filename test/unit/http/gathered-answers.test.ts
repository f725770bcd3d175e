import { expect, it } from 'vitest'
import { gatherAnswers } from '../../../src/http/gathered-answers.ts'

const turnEnds = () => new Promise<void>((resolve) => setImmediate(resolve))

it('lets answers out once the turn has ended, all together and in their order', async () => {
  const letOut = gatherAnswers()
  const written: string[] = []
  letOut(() => written.push('a'))
  // As another socket that was ready, whose callback has microtasks of its own.
  await Promise.resolve()
  expect(written).toEqual([])
  letOut(() => written.push('b'))
  await turnEnds()
  expect(written).toEqual(['a', 'b'])
})

it('lets out in the next turn what comes while answers are let out', async () => {
  const letOut = gatherAnswers()
  const written: string[] = []
  letOut(() => {
    written.push('a')
    letOut(() => written.push('b'))
  })
  await turnEnds()
  expect(written).toEqual(['a'])
  await turnEnds()
  expect(written).toEqual(['a', 'b'])
})
