import { describe, expect, test } from 'vitest'
import type { StoreFixture } from './store-fixture.ts'

const MINUTE = 60_000
const NOW = 100 * MINUTE

/**
 * The limit on failed sign-in attempts. An allowed attempt counts as a failure of each of its names for 15 minutes, or until it is
 * forgiven. The names are hashes of the client's network and of the key; here they are plain words.
 */
export function describeSignIns(current: () => StoreFixture): void {
  const begin = (names: readonly string[], at = NOW) => current().store.beginSignIn(names, at)
  const failTimes = async (times: number, names: readonly string[], at = NOW) => {
    for (let count = 0; count < times; count += 1) expect(await begin(names, at)).toBe(true)
  }

  describe('sign-in attempts', () => {
    test('are rejected after ten failures of any of their names, and only then', async () => {
      await failTimes(10, ['here', 'key'])
      expect(await begin(['here', 'other key'])).toBe(false)
      expect(await begin(['elsewhere', 'key'])).toBe(false)
      expect(await begin(['elsewhere', 'other key'])).toBe(true)
    })

    test('that are rejected are not counted for any of their names', async () => {
      await failTimes(10, ['here', 'key'])
      for (let count = 0; count < 10; count += 1) expect(await begin(['here', 'other key'])).toBe(false)
      await failTimes(10, ['elsewhere', 'other key'])
    })

    test('count as failures for 15 minutes each', async () => {
      for (let minute = 0; minute < 10; minute += 1) expect(await begin(['here'], minute * MINUTE)).toBe(true)
      expect(await begin(['here'], 15 * MINUTE - 1)).toBe(false)
      expect(await begin(['here'], 15 * MINUTE)).toBe(true)
      expect(await begin(['here'], 15 * MINUTE)).toBe(false)
      expect(await begin(['here'], 16 * MINUTE)).toBe(true)
    })

    test('that succeed no longer count as failures; forgiving one twice removes no attempt of another time', async () => {
      const { store } = current()
      await failTimes(9, ['here', 'key'], NOW - 1)
      expect(await begin(['here', 'key'])).toBe(true)
      await store.forgiveSignIn(['here', 'key'], NOW)
      await store.forgiveSignIn(['here', 'key'], NOW)
      expect(await begin(['here', 'key'])).toBe(true)
      expect(await begin(['here', 'key'])).toBe(false)
    })

    test('are never rejected if each succeeds before the next begins', async () => {
      const { store } = current()
      for (let count = 0; count < 30; count += 1) {
        expect(await begin(['here', 'key'])).toBe(true)
        await store.forgiveSignIn(['here', 'key'], NOW)
      }
    })

    test('do not count if the clock was set back to more than a minute before them', async () => {
      await failTimes(10, ['here'], NOW)
      expect(await begin(['here'], NOW - 2 * MINUTE)).toBe(true)
    })

    test('still count after a restart', async () => {
      await failTimes(10, ['here'])
      const reopened = await current().reopen()
      expect(await reopened.beginSignIn(['here'], NOW + 1)).toBe(false)
    })

    test('are deleted once 20,000 other names have failed later', async () => {
      await failTimes(10, ['here'])
      for (let block = 0; block < 20; block += 1) {
        expect(await begin(['here'])).toBe(false)
        const others = Array.from({ length: 1_000 }, (_, index) => begin([`${block} ${index}`], NOW + 1))
        expect(new Set(await Promise.all(others))).toEqual(new Set([true]))
      }
      // Concurrent attempts may not have seen each other's failures, so only the next attempt is sure to evict the oldest name.
      expect(await begin(['19 999'], NOW + 1)).toBe(true)
      expect(await begin(['here'])).toBe(true)
      // The other names keep their failures: after one, nine more reach the limit.
      await failTimes(9, ['0 0'], NOW + 2)
      expect(await begin(['0 0'], NOW + 2)).toBe(false)
    })

    test('with a common name are allowed exactly ten times, even if they are concurrent', async () => {
      const { store } = current()
      const allowed = await Promise.all(Array.from({ length: 25 }, (_, index) => begin(['here', `${index}`])))
      expect(allowed.filter(Boolean)).toHaveLength(10)
      expect(await store.beginSignIn(['here'], NOW)).toBe(false)
    })
  })
}
