import { expect, onTestFinished, test } from 'vitest'
import { createBreaker } from '../../../src/store/postgres/breaker.ts'

const DOWN = new Error('connection refused')
const BUSY = new Error('no connection is free')

/** A server that can be reached or not, and a log of connection attempts. */
function start() {
  const tried: string[] = []
  let isUp = false
  const connect = (caller: string) => async () => {
    tried.push(caller)
    if (!isUp) throw DOWN
    return caller
  }
  const reach = async () => void (await connect('breaker')())
  const breaker = createBreaker(reach, (error) => error !== BUSY)
  onTestFinished(() => breaker.close())
  return {
    breaker,
    tried,
    run: (caller: string) => breaker.run(connect(caller)),
    setUp: (is: boolean) => {
      isUp = is
    },
  }
}

test('once a caller could not connect, all others are rejected at once, and only the breaker retries', async () => {
  const { breaker, tried, run, setUp } = start()
  await expect(run('first')).rejects.toBe(DOWN)
  expect(breaker.fault()).toBe(DOWN)
  await expect(run('second')).rejects.toBe(DOWN)
  await expect.poll(() => tried).toEqual(['first', 'breaker', 'breaker'])
  await expect(run('third')).rejects.toBe(DOWN)
  setUp(true)
  await expect.poll(() => breaker.fault()).toBeUndefined()
  expect(await run('fourth')).toBe('fourth')
})

test('a server that does not respond is not waited for until it is reached again', async () => {
  const { breaker, tried, run, setUp } = start()
  setUp(true)
  expect(await run('first')).toBe('first')
  breaker.open(DOWN)
  await expect(run('second')).rejects.toBe(DOWN)
  await expect.poll(() => breaker.fault()).toBeUndefined()
  expect(tried).toEqual(['first', 'breaker'])
})

test('a caller that fails to connect for a reason other than the server does not open the breaker', async () => {
  const { breaker, run, setUp } = start()
  await expect(breaker.run(() => Promise.reject(BUSY))).rejects.toBe(BUSY)
  expect(breaker.fault()).toBeUndefined()
  setUp(true)
  expect(await run('second')).toBe('second')
})
