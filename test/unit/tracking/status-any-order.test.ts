import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createStatusCache, type StatusCache } from '../../../src/tracking/status/status-cache.ts'
import { followStatus } from '../../../src/tracking/status/status-feed.ts'
import type { StatusSnapshot } from '../../../src/tracking/status/status-snapshot.ts'
import { createSlowStore, revisionOf, tickEnds } from './slow-store.ts'

type Step = {
  /**
   * - `commit`: the asset changes, and the cache is notified.
   * - `find`: requests the status.
   * - `end`: ends a read of the store.
   * - `follow`: adds a follower.
   * - `take`: a follower takes its newest status.
   * - `leave`: a follower leaves.
   * - `pause`: waits for the end of the event loop's tick.
   */
  do: 'commit' | 'find' | 'end' | 'follow' | 'take' | 'leave' | 'pause'
  /** Selects the read or the follower, or in one test the revision; an index beyond the last one wraps around. */
  index: number
}

const steps = fc.array(
  fc.record<Step>({
    do: fc.constantFrom('commit', 'commit', 'find', 'find', 'end', 'end', 'follow', 'take', 'leave', 'pause'),
    index: fc.nat(20),
  }),
  { minLength: 1, maxLength: 60 },
)

/**
 * - `commit`: another process changes the asset.
 * - `notice`: a message of the other process about a change arrives.
 * - `refresh`: all watched assets are read again, without a message.
 *
 * The other steps are those of `Step`.
 */
const otherProcessSteps = fc.array(
  fc.record({
    do: fc.constantFrom(
      ...(['commit', 'commit', 'notice', 'refresh', 'find', 'find', 'end', 'end'] as const),
      ...(['end', 'follow', 'take', 'take'] as const),
    ),
    index: fc.nat(20),
    isFollowedByPause: fc.boolean(),
  }),
  { minLength: 1, maxLength: 60 },
)

/** `taken` are the revisions that the follower has taken. */
type Follower = { taken: number[]; take(): void; leave(): void; hasLeft: boolean }

function follow(statuses: StatusCache): Follower {
  const follower: Follower = { taken: [], take: () => {}, leave: () => {}, hasLeft: false }
  void followStatus({ statuses }, 'f', { isKnown: () => false, wake: () => {} }).then((followed) => {
    if (followed.kind !== 'following') throw new Error(`expected to follow the asset, got ${followed.kind}`)
    follower.take = () => {
      const snapshot = followed.feed.take()
      if (snapshot !== undefined) follower.taken.push(revisionOf(snapshot))
    }
    follower.leave = () => followed.feed.leave()
    // The follower may have left while the status was read.
    if (follower.hasLeft) follower.leave()
  })
  return follower
}

test('in any order of events, `find` returns nothing older than the last commit before the call, and no follower gets statuses out of order', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const store = createSlowStore()
      const statuses = createStatusCache({ store })
      const finds: Promise<void>[] = []
      const followers: Follower[] = []
      for (const step of script) {
        const follower = followers[step.index % Math.max(followers.length, 1)]
        if (step.do === 'commit') {
          store.commit(store.revision() + 1)
          statuses.invalidate('f')
        } else if (step.do === 'find') {
          const atLeast = store.revision()
          const check = (found: StatusSnapshot | undefined) =>
            expect(revisionOf(found)).toBeGreaterThanOrEqual(atLeast)
          finds.push(statuses.find('f').then(check))
        } else if (step.do === 'end') store.end(step.index)
        else if (step.do === 'follow') followers.push(follow(statuses))
        else if (step.do === 'take') follower?.take()
        else if (step.do === 'leave' && follower !== undefined) {
          follower.hasLeft = true
          follower.leave()
        } else if (step.do === 'pause') await tickEnds()
        // `leave` without a follower.
        else await Promise.resolve()
      }
      await store.endAll()
      await Promise.all(finds)
      for (const follower of followers) follower.take()
      for (const { taken, hasLeft } of followers) {
        expect(taken).toEqual(taken.toSorted((a, b) => a - b))
        if (!hasLeft) expect(taken.at(-1)).toBe(store.revision())
      }
      const staying = followers.filter(({ hasLeft }) => !hasLeft)
      expect(statuses.listenerCount()).toBe(staying.length)
    }),
    { numRuns: 1000 },
  )
})

test('every follower ends with the present status, even if the asset has returned to an earlier one', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const store = createSlowStore()
      const statuses = createStatusCache({ store })
      const followers: Follower[] = []
      for (const step of script) {
        if (step.do === 'commit') {
          // The asset has one of two revisions, so it often returns to an earlier one.
          store.commit(step.index % 2)
          statuses.invalidate('f')
        } else if (step.do === 'end') store.end(step.index)
        else if (step.do === 'follow') followers.push(follow(statuses))
        else if (step.do === 'take') followers[step.index % Math.max(followers.length, 1)]?.take()
        else if (step.do === 'pause') await tickEnds()
        // `find` and `leave` only let promise callbacks run.
        else await Promise.resolve()
      }
      await store.endAll()
      for (const follower of followers) {
        follower.take()
        expect(follower.taken.at(-1)).toBe(store.revision())
      }
    }),
    { numRuns: 1000 },
  )
})

test('while another process commits, `find` returns nothing older than its last commit before the call, and no follower gets statuses out of order', async () => {
  await fc.assert(
    fc.asyncProperty(otherProcessSteps, async (script) => {
      const store = createSlowStore()
      const statuses = createStatusCache({ store }, { isShared: () => true })
      const finds: Promise<void>[] = []
      const followers: Follower[] = []
      for (const step of script) {
        const follower = followers[step.index % Math.max(followers.length, 1)]
        // The other process has responded to its caller, but its notice has not arrived yet.
        if (step.do === 'commit') store.commit(store.revision() + 1)
        else if (step.do === 'notice') statuses.invalidate('f')
        else if (step.do === 'refresh') statuses.refresh()
        else if (step.do === 'find') {
          expect(statuses.peek('f')).toBeUndefined()
          const atLeast = store.revision()
          const check = (found: StatusSnapshot | undefined) =>
            expect(revisionOf(found)).toBeGreaterThanOrEqual(atLeast)
          finds.push(statuses.find('f').then(check))
        } else if (step.do === 'end') store.end(step.index)
        else if (step.do === 'follow') followers.push(follow(statuses))
        else follower?.take()
        if (step.isFollowedByPause) await tickEnds()
      }
      // The notice of the last commit arrives.
      statuses.invalidate('f')
      await store.endAll()
      await Promise.all(finds)
      for (const follower of followers) follower.take()
      for (const { taken } of followers) {
        expect(taken).toEqual(taken.toSorted((a, b) => a - b))
        expect(taken.at(-1)).toBe(store.revision())
      }
    }),
    { numRuns: 1000 },
  )
})
