import { expect, it } from 'vitest'
import { createTickBatcher } from '../../../src/http/tick-batcher.ts'

const tickEnds = () => new Promise<void>((resolve) => setImmediate(resolve))

it('runs all tasks of a tick together at its end, in order', async () => {
  const batcher = createTickBatcher()
  const results: string[] = []
  batcher.schedule(() => results.push('a'))
  // Like another ready socket, whose callback has its own microtasks.
  await Promise.resolve()
  expect(results).toEqual([])
  batcher.schedule(() => results.push('b'))
  await tickEnds()
  expect(results).toEqual(['a', 'b'])
})

it('runs a task that another task schedules in the next tick', async () => {
  const batcher = createTickBatcher()
  const results: string[] = []
  batcher.schedule(() => {
    results.push('a')
    batcher.schedule(() => results.push('b'))
  })
  await tickEnds()
  expect(results).toEqual(['a'])
  await tickEnds()
  expect(results).toEqual(['a', 'b'])
})

it('reports whether tasks of this tick have yet to run', async () => {
  const batcher = createTickBatcher()
  expect(batcher.hasPending()).toBe(false)
  const pendingDuringTask: boolean[] = []
  batcher.schedule(() => pendingDuringTask.push(batcher.hasPending()))
  expect(batcher.hasPending()).toBe(true)
  await tickEnds()
  expect([...pendingDuringTask, batcher.hasPending()]).toEqual([false, false])
})
