import { expect, onTestFinished, test, vi } from 'vitest'
import type { ClockTrust } from '../../../src/domain/due-time.ts'
import type { RetentionPlace } from '../../../src/domain/retention.ts'
import { createPruner } from '../../../src/jobs/pruner.ts'

type PrunerDeps = Parameters<typeof createPruner>[0]

const LEASE = { current: () => ({ epoch: 1 }) }
const LOG = { error: () => {}, warn: () => {} }
/** Where the second step of submissions begins. */
const SECOND_PLACE: RetentionPlace = { table: 'deliveries', n: 7 }

/**
 * Starts a pruner and records its steps, including those that fail. Keys, bodies and submissions take two steps each. `failures`:
 * the names of the steps that fail, each once, in this order.
 */
function startPruner(
  deps: Pick<PrunerDeps, 'retentionRunsMs'> & Partial<Pick<PrunerDeps, 'lease'>> & { failures?: string[] },
) {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const steps: [name: string, ...args: unknown[]][] = []
  const note = (step: [name: string, ...args: unknown[]]) => {
    steps.push(step)
    if (deps.failures?.[0] !== step[0]) return
    deps.failures.shift()
    throw new Error('the disk is full')
  }
  const pruner = createPruner({
    store: {
      async deleteExpiredKeys(_lease, now) {
        note(['keys', now])
        // True means that there are more. The second step in a row is the last one.
        return steps.at(-2)?.[0] !== 'keys'
      },
      async pruneBodies(_lease, before, _limit, after) {
        note(['bodies', before, after])
        return { pruned: 0, next: after === null ? 200 : null }
      },
      async deleteOldSubmissions(_lease, now, before, after) {
        note(['submissions', now, before, after])
        return { deleted: 0, next: after === null ? SECOND_PLACE : null }
      },
      findClockTrust: async () => null,
      saveClockTrust: async () => true,
    },
    lease: deps.lease ?? LEASE,
    clock: () => 1_000,
    uptimeMs: () => 0,
    clockTrust: () => null,
    retentionMs: 500,
    retentionRunsMs: deps.retentionRunsMs,
    log: LOG,
  })
  pruner.start()
  onTestFinished(() => pruner.stop())
  return steps
}

const KEYS = [
  ['keys', 1_000],
  ['keys', 1_000],
]
const BODIES = [
  ['bodies', 500, null],
  ['bodies', 500, 200],
]
const SUBMISSIONS = [
  ['submissions', 1_000, 700, null],
  ['submissions', 1_000, 700, SECOND_PLACE],
]

test('if submissions are kept forever, the pruner processes all keys, then all bodies, each step continuing where the previous one ended, and only then starts over', async () => {
  const steps = startPruner({ retentionRunsMs: null })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(steps).toEqual([...KEYS, ...BODIES])
  await vi.advanceTimersByTimeAsync(600_000)
  expect(steps).toEqual([...KEYS, ...BODIES, ...KEYS, ...BODIES])
})

test('the pruner deletes submissions after the bodies, step by step, then starts over with the keys', async () => {
  const steps = startPruner({ retentionRunsMs: 300 })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(steps).toEqual([...KEYS, ...BODIES, ...SUBMISSIONS])
  await vi.advanceTimersByTimeAsync(600_000)
  expect(steps).toEqual([...KEYS, ...BODIES, ...SUBMISSIONS, ...KEYS, ...BODIES, ...SUBMISSIONS])
})

test('the pruner does nothing while another process has the lease', async () => {
  let lease: { epoch: number } | null = null
  const steps = startPruner({ retentionRunsMs: null, lease: { current: () => lease } })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(steps).toEqual([])
  lease = { epoch: 2 }
  await vi.advanceTimersByTimeAsync(600_000)
  expect(steps).toEqual([...KEYS, ...BODIES])
})

test('the pruner continues with the clock trust that another process has saved, once it has the lease again', async () => {
  vi.useFakeTimers({ now: 100 * 86_400_000 })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const lease = { value: { epoch: 1 }, current: () => lease.value }
  const saved: ClockTrust[] = []
  const warned: object[] = []
  const pruner = createPruner({
    store: {
      deleteExpiredKeys: async () => false,
      pruneBodies: async () => ({ pruned: 0, next: null }),
      deleteOldSubmissions: async () => ({ deleted: 0, next: null }),
      findClockTrust: async () => ({ trustedAt: 1_000, doubtedMs: 7_000 }),
      async saveClockTrust(_lease, trust) {
        saved.push(trust)
        return true
      },
    },
    lease,
    clock: () => Date.now(),
    uptimeMs: () => Date.now(),
    clockTrust: () => null,
    retentionMs: 500,
    retentionRunsMs: null,
    log: { ...LOG, warn: (fields) => void warned.push(fields) },
  })
  pruner.start()
  onTestFinished(() => pruner.stop())
  await vi.advanceTimersByTimeAsync(60_000)
  expect(saved).toMatchObject([{ doubtedMs: 0 }])
  // In between, another process had the lease, with epoch 2.
  lease.value = { epoch: 3 }
  await vi.advanceTimersByTimeAsync(600_000)
  // The time since the check under the previous lease is not added to `doubtedMs`.
  expect(saved.at(-1)).toEqual({ trustedAt: 1_000, doubtedMs: 7_000 })
  expect(warned).toHaveLength(1)
})

test('the pruner repeats only the step that failed', async () => {
  const steps = startPruner({ retentionRunsMs: 300, failures: ['bodies', 'submissions'] })
  await vi.advanceTimersByTimeAsync(30 * 60_000)
  expect(steps.slice(0, 8)).toEqual([...KEYS, BODIES[0], ...BODIES, SUBMISSIONS[0], ...SUBMISSIONS])
})

test('if the clock is more than a day past the last trusted time, nothing is pruned until the service has run for a day in total; each process warns once', async () => {
  vi.useFakeTimers({ now: 0 })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const hour = 3_600_000
  let saved: ClockTrust | null = { trustedAt: 1_000, doubtedMs: 0 }
  let keysCount = 0
  let bodiesCount = 0
  let submissionsCount = 0
  /** The clock shows this much more than the time that has passed in the test. */
  let aheadMs = 91 * 24 * hour
  const warned: object[] = []
  const start = () => {
    const trust = saved
    const pruner = createPruner({
      store: {
        async deleteExpiredKeys() {
          keysCount += 1
          return false
        },
        async pruneBodies() {
          bodiesCount += 1
          return { pruned: 0, next: null }
        },
        async deleteOldSubmissions() {
          submissionsCount += 1
          return { deleted: 0, next: null }
        },
        findClockTrust: async () => null,
        async saveClockTrust(_lease, newTrust) {
          saved = newTrust
          return true
        },
      },
      lease: LEASE,
      clock: () => aheadMs + Date.now(),
      uptimeMs: () => Date.now(),
      clockTrust: () => trust,
      retentionMs: 90 * 24 * hour,
      retentionRunsMs: 90 * 24 * hour,
      log: { ...LOG, warn: (fields) => void warned.push(fields) },
    })
    pruner.start()
    return pruner
  }
  const first = start()
  await vi.advanceTimersByTimeAsync(13 * hour)
  await first.stop()
  expect(warned).toEqual([
    {
      event: 'clock.doubted',
      now: expect.stringMatching(/^1970-04-02T00:00:00/),
      trustedAt: '1970-01-01T00:00:01.000Z',
    },
  ])
  // The second process adds to the 13 hours that the first one ran. That the clock jumps further in between makes no difference.
  aheadMs *= 2
  const second = start()
  await vi.advanceTimersByTimeAsync(11 * hour - 1)
  expect([keysCount, bodiesCount, submissionsCount]).toEqual([0, 0, 0])
  expect(warned).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(hour)
  expect(bodiesCount).toBeGreaterThan(0)
  expect(submissionsCount).toBe(bodiesCount)
  await second.stop()

  // From then on the clock is trusted, until it jumps while the service runs.
  const countBeforeThird = bodiesCount
  const third = start()
  await vi.advanceTimersByTimeAsync(hour)
  const countBeforeJump = bodiesCount
  expect(countBeforeJump).toBeGreaterThan(countBeforeThird)
  aheadMs += 25 * hour
  await vi.advanceTimersByTimeAsync(hour)
  expect([bodiesCount, submissionsCount]).toEqual([countBeforeJump, countBeforeJump])
  expect(warned).toHaveLength(3)
  await third.stop()
})
