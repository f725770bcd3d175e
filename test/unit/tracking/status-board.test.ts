import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { AssetFacts } from '../../../src/domain/asset.ts'
import { requestedRun } from '../../../src/domain/run.ts'
import { createStatusBoard, type StatusBoard } from '../../../src/tracking/status-board.ts'
import { followStatus } from '../../../src/tracking/status-feed.ts'
import type { StatusSnapshot } from '../../../src/tracking/status-snapshot.ts'

/** A pending asset whose only difference is its version. */
function factsOf(fileId: string, version: number): AssetFacts {
  const run = requestedRun({ runId: 'r', submissionId: 's', name: 'remove-bg', attempt: 1, at: version })
  return { fileId, recordedAt: version, runs: [run] }
}

function versionOf(snapshot: StatusSnapshot | undefined): number {
  return Date.parse(snapshot?.body.match(/"updatedAt":"([^"]+)"/)?.[1] ?? '')
}

/** A store whose reads see the state of the moment they begin, and end when the test says so. */
function slowStore() {
  let version = 0
  let reads = 0
  const ends: (() => void)[] = []
  return {
    findAsset(fileId: string): Promise<AssetFacts | undefined> {
      reads += 1
      const facts = factsOf(fileId, version)
      return new Promise((resolve) => ends.push(() => resolve(facts)))
    },
    commit(next: number) {
      version = next
    },
    version: () => version,
    reads: () => reads,
    end: (index: number) => ends.splice(index % Math.max(ends.length, 1), 1).forEach((end) => end()),
    endAll: async () => {
      for (let idle = 0; idle < 3; ) {
        idle = ends.length === 0 ? idle + 1 : 0
        for (const end of ends.splice(0)) end()
        await settled()
      }
    },
  }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

it('reads an asset once for all who ask at the same time', async () => {
  const store = slowStore()
  const board = createStatusBoard({ store })
  const asked = [board.find('f'), board.find('f'), board.find('f')]
  await store.endAll()
  const [first, ...others] = await Promise.all(asked)
  for (const other of others) expect(other).toBe(first)
  expect(await board.find('f')).toBe(first)
  expect(store.reads()).toBe(1)
})

it('gives the newer state to who asked before the change and was overtaken by it', async () => {
  const store = slowStore()
  const board = createStatusBoard({ store })
  const asked = board.find('f')
  store.commit(1)
  board.changed('f')
  await store.endAll()
  expect(versionOf(await asked)).toBe(1)
  expect(versionOf(await board.find('f'))).toBe(1)
})

it('does not read a changed asset that nobody watches', () => {
  const store = slowStore()
  const board = createStatusBoard({ store })
  board.watch('other', () => {})
  board.changed('f')
  expect(store.reads()).toBe(0)
})

it('gives the same snapshot to all listeners of a change', async () => {
  const store = slowStore()
  const board = createStatusBoard({ store })
  const told: unknown[] = []
  board.watch('f', (news) => told.push(news))
  board.watch('f', (news) => told.push(news))
  const leave = board.watch('f', () => told.push('left'))
  leave()
  leave()
  expect(board.watching()).toBe(2)
  board.changed('f')
  await store.endAll()
  expect(told).toEqual([{ what: 'changed', snapshot: await board.find('f') }, told[0]])
  expect(told[1]).toBe(told[0])
})

it('does not tell listeners again what they were told last', async () => {
  const store = slowStore()
  const board = createStatusBoard({ store })
  const told: unknown[] = []
  board.watch('f', (news) => told.push(news))
  for (const version of [1, 1, 2, 2, 1]) {
    store.commit(version)
    board.changed('f')
    await store.endAll()
  }
  expect(told).toHaveLength(3)
})

it('keeps no more bytes of answers than it may', async () => {
  const store = slowStore()
  const board = createStatusBoard({ store }, { cacheBytes: 20_000 })
  const names = Array.from({ length: 200 }, (_, index) => `f${index}`)
  for (const name of names) {
    const asked = board.find(name)
    await store.endAll()
    await asked
  }
  const before = store.reads()
  const again = Promise.all(names.map((name) => board.find(name)))
  await store.endAll()
  await again
  const kept = names.length - (store.reads() - before)
  expect(kept).toBeGreaterThan(0)
  expect(kept).toBeLessThan(20_000 / 400)
})

it('tries a failed read again while somebody watches, reports it, and stops when nobody does', async () => {
  const timers = new Set<() => void>()
  const errors: unknown[] = []
  const failure = new Error('locked')
  const board = createStatusBoard(
    { store: { findAsset: () => Promise.reject(failure) } },
    {
      startTimer: (_ms, task) => {
        timers.add(task)
        return () => timers.delete(task)
      },
      onLoadError: (error, fileId) => errors.push([error, fileId]),
    },
  )
  const leave = board.watch('f', () => {})
  board.changed('f')
  await settled()
  expect(errors).toEqual([[failure, 'f']])
  for (const task of timers) task()
  await settled()
  expect(errors).toHaveLength(2)
  expect(timers.size).toBe(1)
  leave()
  expect(timers.size).toBe(0)
})

type Step = { do: 'commit' | 'find' | 'end' | 'follow' | 'take' | 'leave' | 'pause'; index: number }

const steps = fc.array(
  fc.record<Step>({
    do: fc.constantFrom('commit', 'commit', 'find', 'find', 'end', 'end', 'follow', 'take', 'leave', 'pause'),
    index: fc.nat(20),
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
          board.changed('f')
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
          board.changed('f')
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
