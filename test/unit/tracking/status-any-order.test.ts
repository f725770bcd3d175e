import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createStatusBoard, type StatusBoard } from '../../../src/tracking/status-board.ts'
import { followStatus } from '../../../src/tracking/status-feed.ts'
import type { StatusSnapshot } from '../../../src/tracking/status-snapshot.ts'
import { settled, slowStore, versionOf } from './slow-store.ts'

type Step = { do: 'commit' | 'find' | 'end' | 'follow' | 'take' | 'leave' | 'pause'; index: number }

const steps = fc.array(
  fc.record<Step>({
    do: fc.constantFrom('commit', 'commit', 'find', 'find', 'end', 'end', 'follow', 'take', 'leave', 'pause'),
    index: fc.nat(20),
  }),
  { minLength: 1, maxLength: 60 },
)

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

function follow(board: StatusBoard): Follower {
  const follower: Follower = { taken: [], take: () => {}, leave: () => {}, hasLeft: false }
  void followStatus({ board }, 'f', { isKnown: () => false, wake: () => {} }).then((followed) => {
    if (followed.what !== 'following') throw new Error('the asset is known')
    follower.take = () => {
      const snapshot = followed.feed.take()
      if (snapshot !== undefined) follower.taken.push(versionOf(snapshot))
    }
    follower.leave = () => followed.feed.leave()
    if (follower.hasLeft) follower.leave()
  })
  return follower
}

it('is never older than the last change, and never goes back for a follower, whatever overtakes what', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const store = slowStore()
      const board = createStatusBoard({ store })
      const finds: Promise<void>[] = []
      const followers: Follower[] = []
      for (const step of script) {
        const follower = followers[step.index % Math.max(followers.length, 1)]
        if (step.do === 'commit') {
          store.commit(store.version() + 1)
          board.invalidate('f')
        } else if (step.do === 'find') {
          const atLeast = store.version()
          const check = (found: StatusSnapshot | undefined) =>
            expect(versionOf(found)).toBeGreaterThanOrEqual(atLeast)
          finds.push(board.find('f').then(check))
        } else if (step.do === 'end') store.end(step.index)
        else if (step.do === 'follow') followers.push(follow(board))
        else if (step.do === 'take') follower?.take()
        else if (step.do === 'leave' && follower !== undefined) {
          follower.hasLeft = true
          follower.leave()
        } else if (step.do === 'pause') await settled()
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
      expect(board.watching()).toBe(staying.length)
    }),
    { numRuns: 1000 },
  )
})

it('leaves every follower with the present state, also where a state comes back', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const store = slowStore()
      const board = createStatusBoard({ store })
      const followers: Follower[] = []
      for (const step of script) {
        if (step.do === 'commit') {
          store.commit(step.index % 2)
          board.invalidate('f')
        } else if (step.do === 'end') store.end(step.index)
        else if (step.do === 'follow') followers.push(follow(board))
        else if (step.do === 'take') followers[step.index % Math.max(followers.length, 1)]?.take()
        else if (step.do === 'pause') await settled()
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

it('with other processes, is as new as what they committed before, and never goes back for a follower', async () => {
  await fc.assert(
    fc.asyncProperty(foreignSteps, async (script) => {
      const store = slowStore()
      const board = createStatusBoard({ store }, { isShared: () => true })
      const finds: Promise<void>[] = []
      const followers: Follower[] = []
      for (const step of script) {
        const follower = followers[step.index % Math.max(followers.length, 1)]
        // The other process has answered its caller, and its notice is still under way.
        if (step.do === 'commit') store.commit(store.version() + 1)
        else if (step.do === 'notice') board.invalidate('f')
        else if (step.do === 'refresh') board.refresh()
        else if (step.do === 'find') {
          expect(board.peek('f')).toBeUndefined()
          const atLeast = store.version()
          const check = (found: StatusSnapshot | undefined) =>
            expect(versionOf(found)).toBeGreaterThanOrEqual(atLeast)
          finds.push(board.find('f').then(check))
        } else if (step.do === 'end') store.end(step.index)
        else if (step.do === 'follow') followers.push(follow(board))
        else follower?.take()
        if (step.isPause) await settled()
      }
      board.invalidate('f')
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
