import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createStatusCache, type StatusCache } from '../../../src/tracking/status/status-cache.ts'
import { followStatus } from '../../../src/tracking/status/status-feed.ts'
import type { StatusSnapshot } from '../../../src/tracking/status/status-snapshot.ts'
import { createSlowStore, tickEnds, versionOf } from './slow-store.ts'

/** `find` begins a read and `end` ends one. `follow` adds a follower; `take` reads its latest status, `leave` removes it. */
type Step = { do: 'commit' | 'find' | 'end' | 'follow' | 'take' | 'leave' | 'pause'; index: number }

const steps = fc.array(
  fc.record<Step>({
    do: fc.constantFrom('commit', 'commit', 'find', 'find', 'end', 'end', 'follow', 'take', 'leave', 'pause'),
    index: fc.nat(20),
  }),
  { minLength: 1, maxLength: 60 },
)

/** Another process commits: `notice` reports that, and `refresh` reads all watched assets again. */
const foreignSteps = fc.array(
  fc.record({
    do: fc.constantFrom(
      ...(['commit', 'commit', 'notice', 'refresh', 'find', 'find', 'end', 'end'] as const),
      ...(['end', 'follow', 'take', 'take'] as const),
    ),
    index: fc.nat(20),
    isPause: fc.boolean(),
  }),
  { minLength: 1, maxLength: 60 },
)

type Follower = { taken: number[]; take(): void; leave(): void; hasLeft: boolean }

function follow(statuses: StatusCache): Follower {
  const follower: Follower = { taken: [], take: () => {}, leave: () => {}, hasLeft: false }
  void followStatus({ statuses }, 'f', { isKnown: () => false, wake: () => {} }).then((followed) => {
    if (followed.kind !== 'following') throw new Error('the asset is known')
    follower.take = () => {
      const snapshot = followed.feed.take()
      if (snapshot !== undefined) follower.taken.push(versionOf(snapshot))
    }
    follower.leave = () => followed.feed.leave()
    if (follower.hasLeft) follower.leave()
  })
  return follower
}

test('a status is never older than the last change, and never goes back for a follower, in any order of events', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const store = createSlowStore()
      const statuses = createStatusCache({ store })
      const finds: Promise<void>[] = []
      const followers: Follower[] = []
      for (const step of script) {
        const follower = followers[step.index % Math.max(followers.length, 1)]
        if (step.do === 'commit') {
          store.commit(store.version() + 1)
          statuses.invalidate('f')
        } else if (step.do === 'find') {
          const atLeast = store.version()
          const check = (found: StatusSnapshot | undefined) =>
            expect(versionOf(found)).toBeGreaterThanOrEqual(atLeast)
          finds.push(statuses.find('f').then(check))
        } else if (step.do === 'end') store.end(step.index)
        else if (step.do === 'follow') followers.push(follow(statuses))
        else if (step.do === 'take') follower?.take()
        else if (step.do === 'leave' && follower !== undefined) {
          follower.hasLeft = true
          follower.leave()
        } else if (step.do === 'pause') await tickEnds()
        else await Promise.resolve()
      }
      await store.endAll()
      await Promise.all(finds)
      for (const follower of followers) follower.take()
      for (const { taken, hasLeft } of followers) {
        expect(taken).toEqual(taken.toSorted((a, b) => a - b))
        if (!hasLeft) expect(taken.at(-1)).toBe(store.version())
      }
      const staying = followers.filter(({ hasLeft }) => !hasLeft)
      expect(statuses.listenerCount()).toBe(staying.length)
    }),
    { numRuns: 1000 },
  )
})

test('every follower gets the present status, even if it equals an earlier one', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const store = createSlowStore()
      const statuses = createStatusCache({ store })
      const followers: Follower[] = []
      for (const step of script) {
        if (step.do === 'commit') {
          store.commit(step.index % 2)
          statuses.invalidate('f')
        } else if (step.do === 'end') store.end(step.index)
        else if (step.do === 'follow') followers.push(follow(statuses))
        else if (step.do === 'take') followers[step.index % Math.max(followers.length, 1)]?.take()
        else if (step.do === 'pause') await tickEnds()
        else await Promise.resolve()
      }
      await store.endAll()
      for (const follower of followers) {
        follower.take()
        expect(follower.taken.at(-1)).toBe(store.version())
      }
    }),
    { numRuns: 1000 },
  )
})

test('a status that other processes may change is as new as their last commit, and never goes back for a follower', async () => {
  await fc.assert(
    fc.asyncProperty(foreignSteps, async (script) => {
      const store = createSlowStore()
      const statuses = createStatusCache({ store }, { isShared: () => true })
      const finds: Promise<void>[] = []
      const followers: Follower[] = []
      for (const step of script) {
        const follower = followers[step.index % Math.max(followers.length, 1)]
        // The other process has responded to its caller, but its notice has not arrived yet.
        if (step.do === 'commit') store.commit(store.version() + 1)
        else if (step.do === 'notice') statuses.invalidate('f')
        else if (step.do === 'refresh') statuses.refresh()
        else if (step.do === 'find') {
          expect(statuses.peek('f')).toBeUndefined()
          const atLeast = store.version()
          const check = (found: StatusSnapshot | undefined) =>
            expect(versionOf(found)).toBeGreaterThanOrEqual(atLeast)
          finds.push(statuses.find('f').then(check))
        } else if (step.do === 'end') store.end(step.index)
        else if (step.do === 'follow') followers.push(follow(statuses))
        else follower?.take()
        if (step.isPause) await tickEnds()
      }
      statuses.invalidate('f')
      await store.endAll()
      await Promise.all(finds)
      for (const follower of followers) follower.take()
      for (const { taken } of followers) {
        expect(taken).toEqual(taken.toSorted((a, b) => a - b))
        expect(taken.at(-1)).toBe(store.version())
      }
    }),
    { numRuns: 1000 },
  )
})
