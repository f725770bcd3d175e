import { expect, onTestFinished, test } from 'vitest'
import { createBreaker } from '../../../src/store/postgres/breaker.ts'

const DOWN = new Error('connection refused')
const BUSY = new Error('no connection is free')

/** A breaker for a server that can't be reached before `setReachable(true)`. `attempts`: who has tried to connect, in order. */
function startBreaker() {
  const attempts: string[] = []
  let isReachable = false
  const connect = (caller: string) => async () => {
    attempts.push(caller)
    if (!isReachable) throw DOWN
    return caller
  }
  const reach = async () => void (await connect('breaker')())
  const breaker = createBreaker(reach, (error) => error !== BUSY)
  onTestFinished(() => breaker.stop())
  return {
    breaker,
    attempts,
    run: (caller: string) => breaker.run(connect(caller)),
    setReachable: (value: boolean) => {
      isReachable = value
    },
  }
}

test('once a caller could not connect, all others are rejected at once, and only the breaker retries', async () => {
  const { breaker, attempts, run, setReachable } = startBreaker()
  await expect(run('first')).rejects.toBe(DOWN)
  expect(breaker.fault()).toBe(DOWN)
  await expect(run('second')).rejects.toBe(DOWN)
  await expect.poll(() => attempts).toEqual(['first', 'breaker', 'breaker'])
  await expect(run('third')).rejects.toBe(DOWN)
  setReachable(true)
  await expect.poll(() => breaker.fault()).toBeUndefined()
  expect(await run('fourth')).toBe('fourth')
})

test('once the breaker is opened, callers are rejected without an attempt to connect, until the server is reached again', async () => {
  const { breaker, attempts, run, setReachable } = startBreaker()
  setReachable(true)
  expect(await run('first')).toBe('first')
  breaker.open(DOWN)
  await expect(run('second')).rejects.toBe(DOWN)
  await expect.poll(() => breaker.fault()).toBeUndefined()
  expect(attempts).toEqual(['first', 'breaker'])
})

test('a caller that fails to connect does not open the breaker if its error does not mean an outage of the server', async () => {
  const { breaker, run, setReachable } = startBreaker()
  await expect(breaker.run(() => Promise.reject(BUSY))).rejects.toBe(BUSY)
  expect(breaker.fault()).toBeUndefined()
  setReachable(true)
  expect(await run('second')).toBe('second')
})
