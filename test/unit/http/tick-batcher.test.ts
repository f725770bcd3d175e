import { expect, it } from 'vitest'
import { createTickBatcher } from '../../../src/http/tick-batcher.ts'

const endOfTick = () => new Promise<void>((resolve) => setImmediate(resolve))

it('runs all tasks of a tick together at its end, in order', async () => {
  const batcher = createTickBatcher()
  const results: string[] = []
  batcher.schedule(() => results.push('a'))
  // Node.js runs microtasks after the callback of each ready socket, so they must not end the batch.
  await Promise.resolve()
  expect(results).toEqual([])
  batcher.schedule(() => results.push('b'))
  await endOfTick()
  expect(results).toEqual(['a', 'b'])
})

it('defers to the next tick what a running task schedules', async () => {
  const batcher = createTickBatcher()
  const results: string[] = []
  batcher.schedule(() => {
    results.push('a')
    batcher.schedule(() => results.push('b'))
  })
  await endOfTick()
  expect(results).toEqual(['a'])
  await endOfTick()
  expect(results).toEqual(['a', 'b'])
})

it('reports whether tasks wait for the end of the tick', async () => {
  const batcher = createTickBatcher()
  expect(batcher.hasPending()).toBe(false)
  const pendingDuringTask: boolean[] = []
  batcher.schedule(() => pendingDuringTask.push(batcher.hasPending()))
  expect(batcher.hasPending()).toBe(true)
  await endOfTick()
  expect([...pendingDuringTask, batcher.hasPending()]).toEqual([false, false])
})
