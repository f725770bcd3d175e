import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RunRow } from '../../../src/domain/decide/rows.ts'
import { bucketOf } from '../../../src/domain/duration-buckets.ts'
import { formatId, numberOf } from '../../../src/domain/ids.ts'
import type { RunStatus } from '../../../src/domain/run.ts'
import {
  countsOf,
  foldDeltas,
  type HourBounds,
  hourOf,
  NOW,
  type SettledCount,
  type StatCounter,
  type StatDelta,
  splitHours,
  statDelta,
  sumByDay,
} from '../../../src/domain/stat-counters.ts'
import { aRun, frozen } from './facts.ts'

const HOUR = 3_600_000

const runId = (number: number) => formatId('run', number, 'AAAAAAAAAAA')
const deliveryId = (number: number) => formatId('dlv', number, 'AAAAAAAAAAA')

function aRow(facts: Partial<RunRow> = {}): RunRow {
  const rowFields = {
    dueAt: null,
    isOverdue: false,
    isListed: true,
    settledBy: null,
    boundTo: null,
    notifiesCaller: false,
  }
  return frozen({ ...aRun({ runId: runId(1) }), ...rowFields, ...facts })
}

function failed(code: string, settledAt = 5 * HOUR): RunRow {
  return aRow({ status: 'failed', settledAt, updatedAt: settledAt, error: { code } })
}

/** What a run's change adds to the counters. */
function countersOf(before: RunRow | undefined, after: RunRow | undefined): StatCounter[] {
  return statDelta({ runs: [{ before, after }], deliveries: [] })?.counters ?? []
}

/** What a run's change adds to the hourly counters: to all but those of the kind `runs`. */
function hourlyCounters(before: RunRow | undefined, after: RunRow | undefined): StatCounter[] {
  return countersOf(before, after).filter(([hour]) => hour !== NOW)
}

function negated(counters: readonly StatCounter[]): StatCounter[] {
  return counters.map(([hour, kind, extension, value, count]) => [hour, kind, extension, value, -count])
}

function addUp(counters: readonly StatCounter[]): StatCounter[] {
  return foldDeltas([[1, JSON.stringify({ counters, hours: [] })]])?.counters ?? []
}

describe('the counters of a run’s change', () => {
  test('count a success in its hour, with its duration', () => {
    const times = { requestedAt: 5 * HOUR - 10_000, updatedAt: 5 * HOUR }
    const pending = aRow(times)
    const success = aRow({ ...times, status: 'success', settledAt: 5 * HOUR })
    const counted: StatCounter[] = [
      [5, 'settled', 'remove-bg', 'success', 1],
      [5, 'seconds', '', String(bucketOf(10)), 1],
    ]
    expect(hourlyCounters(pending, success)).toEqual(counted)
    expect(hourlyCounters(undefined, success)).toEqual(counted)
  })

  test('count a failure by its cause, and an expired run without a duration', () => {
    expect(hourlyCounters(undefined, failed('E1'))).toContainEqual([5, 'failed', 'remove-bg', 'E1', 1])
    const expired = aRow({ status: 'expired', updatedAt: 7 * HOUR })
    expect(hourlyCounters(undefined, expired)).toEqual([[7, 'settled', 'remove-bg', 'expired', 1]])
  })

  test('include no hourly ones for a pending run or an acknowledgement; there is no delta if nothing that is counted has changed', () => {
    expect(hourlyCounters(undefined, aRow())).toEqual([])
    expect(hourlyCounters(aRow(), undefined)).toEqual([])
    const acknowledged = aRow({ ...failed('E1'), acknowledgedAt: 9 * HOUR })
    expect(hourlyCounters(failed('E1'), acknowledged)).toEqual([])
    for (const changed of [{ dueAt: 9 }, { isOverdue: true }, { contradicted: true }, { settledBy: 7 }])
      expect(
        statDelta({
          runs: [{ before: acknowledged, after: { ...acknowledged, ...changed } }],
          deliveries: [],
        }),
      ).toBeNull()
  })

  test.each([
    ['that settled after it had expired', aRow({ status: 'expired', updatedAt: 2 * HOUR }), failed('E1')],
    ['whose cause is reported later', failed(''), failed('E1')],
    ['that is no longer listed', failed('E1'), aRow({ ...failed('E1'), isListed: false })],
    ['that is listed again', aRow({ ...failed('E1'), isListed: false }), failed('E1')],
    ['that is removed', failed('E1'), undefined],
  ])('undo the old counts and add the new ones, for a run %s', (_, before, after) => {
    const oldCounters = countersOf(undefined, before)
    const newCounters = countersOf(undefined, after)
    expect(oldCounters.length + newCounters.length).toBeGreaterThan(0)
    expect(sorted(countersOf(before, after))).toEqual(
      sorted(addUp([...negated(oldCounters), ...newCounters])),
    )
  })

  test('count a run in its group from its request on, and in another once it is settled or acknowledged', () => {
    const failure = aRow({ ...failed(''), error: 'The quota is used up' })
    const steps = [undefined, aRow(), failure, aRow({ ...failure, acknowledgedAt: 9 }), undefined]
    const groups = steps.slice(1).map((after, index) => {
      const counters = countersOf(steps[index], after)
      return counters.filter(([hour]) => hour === NOW)
    })
    const counter = (value: string, count: number) => [NOW, 'runs', 'remove-bg', value, count]
    expect(groups).toEqual([
      [counter('pending open ', 1)],
      [counter('pending open ', -1), counter('failed open The quota is used up', 1)],
      [
        counter('failed open The quota is used up', -1),
        counter('failed acknowledged The quota is used up', 1),
      ],
      [counter('failed acknowledged The quota is used up', -1)],
    ])
  })

  test('exclude runs of rejected submissions', () => {
    expect(countersOf(undefined, aRow({ isListed: false }))).toEqual([])
    expect(countersOf(aRow({ isListed: false }), aRow({ ...failed('E1'), isListed: false }))).toEqual([])
  })

  test('are empty if the changes of a batch cancel out, and a batch without changes has no delta', () => {
    const [one, other] = [aRow(), aRow({ runId: runId(2) })]
    const runs = [
      { before: one, after: undefined },
      { before: undefined, after: other },
    ]
    expect(statDelta({ runs, deliveries: [] })).toEqual({ counters: [], hours: [[0, 2, 2, null, null]] })
    expect(statDelta({ runs: [], deliveries: [] })).toBeNull()
  })

  test('use hours since the epoch', () => {
    expect([hourOf(0), hourOf(HOUR - 1), hourOf(HOUR), hourOf(-1)]).toEqual([0, 0, 1, -1])
  })
})

describe('the hours of new rows', () => {
  test('have the lowest and highest row numbers of the runs requested and the deliveries received in each hour', () => {
    const run = (number: number, requestedAt: number) => {
      return { before: undefined, after: aRow({ runId: runId(number), requestedAt }) }
    }
    const delivery = (number: number, receivedAt: number) => {
      return { before: undefined, after: { deliveryId: deliveryId(number), receivedAt } }
    }
    const delta = statDelta({
      runs: [run(7, 2 * HOUR), run(9, 3 * HOUR), run(8, 2 * HOUR + 1)],
      deliveries: [delivery(4, 3 * HOUR), delivery(3, 3 * HOUR), delivery(12, 5 * HOUR)],
    })
    expect(delta?.hours).toEqual([
      [2, 7, 8, null, null],
      [3, 9, 9, 3, 4],
      [5, null, null, 12, 12],
    ])
  })

  test('include runs of rejected submissions, but not rows that only change or are deleted', () => {
    const hidden = aRow({ isListed: false })
    expect(statDelta({ runs: [{ before: undefined, after: hidden }], deliveries: [] })).toEqual({
      counters: [],
      hours: [[0, 1, 1, null, null]],
    })
    const row = { deliveryId: deliveryId(1), receivedAt: HOUR }
    const deliveries = [
      { before: row, after: { ...row } },
      { before: row, after: undefined },
    ]
    const runs = [{ before: hidden, after: aRow() }]
    expect(statDelta({ runs, deliveries })).toMatchObject({ hours: [] })
    expect(statDelta({ runs: [], deliveries })).toBeNull()
  })
})

describe('after any inserts, changes and deletions, in batches of any size', () => {
  const time = fc.integer({ min: 0, max: 9 * HOUR })
  const facts = fc.record({
    number: fc.integer({ min: 1, max: 6 }),
    status: fc.constantFrom<RunStatus>('pending', 'success', 'failed', 'expired'),
    // With spaces, because spaces also separate the parts of a counter's value.
    cause: fc.constantFrom('one', 'the other', 'failed open one'),
    settledAt: time,
    isListed: fc.boolean(),
    isAcknowledged: fc.boolean(),
    isGone: fc.boolean(),
  })

  /**
   * The run after a change to these facts. As in the tracker, no status becomes `pending` again, a final status stays, and as long as
   * the status stays, so does its time.
   */
  function changed(
    known: RunRow | undefined,
    { number, settledAt, isListed, isAcknowledged, ...facts }: Facts,
  ): RunRow {
    const hasLeftPending = known !== undefined && known.status !== 'pending'
    const keepsStatus = hasLeftPending && (known.status !== 'expired' || facts.status === 'pending')
    const status = keepsStatus ? known.status : facts.status
    const at = status === known?.status ? known.updatedAt : settledAt
    return aRow({
      runId: runId(number),
      name: number % 2 === 0 ? 'a b' : 'a',
      requestedAt: known?.requestedAt ?? number * HOUR,
      status,
      updatedAt: at,
      settledAt: status === 'success' || status === 'failed' ? at : null,
      error: status === 'failed' ? facts.cause : null,
      isListed,
      acknowledgedAt: isAcknowledged && status !== 'pending' ? 1 : null,
    })
  }
  type Facts = typeof facts extends fc.Arbitrary<infer T> ? T : never

  const batches = fc.array(fc.array(facts, { maxLength: 8 }), { maxLength: 12 })

  /**
   * Returns the remaining rows, the hour and row number of each row that a batch inserted and did not delete again, and the deltas of
   * the batches that have one.
   */
  function applyBatches(all: readonly (readonly Facts[])[]) {
    const rows = new Map<number, RunRow>()
    const gone = new Set<number>()
    const numbers: [hour: number, number: number][] = []
    const deltas: StatDelta[] = []
    for (const batch of all) {
      const before = new Map(rows)
      for (const one of batch) {
        // The number of a deleted row is not used again.
        if (one.isGone && rows.delete(one.number)) gone.add(one.number)
        else if (!gone.has(one.number)) rows.set(one.number, changed(rows.get(one.number), one))
      }
      const rowNumbers = [...new Set([...before.keys(), ...rows.keys()])]
      const runs = rowNumbers.map((number) => ({ before: before.get(number), after: rows.get(number) }))
      for (const { before: old, after } of runs)
        if (old === undefined && after) numbers.push([hourOf(after.requestedAt), numberOf(after.runId)])
      const delta = statDelta({ runs, deliveries: [] })
      if (delta !== null) deltas.push(delta)
    }
    return { rows: [...rows.values()], numbers, deltas }
  }

  test('the counters equal those counted from the rows', () => {
    fc.assert(
      fc.property(batches, (all) => {
        const { rows, deltas } = applyBatches(all)
        const sums = addUp(deltas.flatMap(({ counters }) => counters))
        expect(sorted(sums)).toEqual(sorted(countRows(rows)))
      }),
      { numRuns: 500 },
    )
  })

  test('the bounds of each hour include the row number of every run requested in it', () => {
    fc.assert(
      fc.property(batches, (all) => {
        const { numbers, deltas } = applyBatches(all)
        const bounds = deltas.flatMap(({ hours }) => hours)
        for (const [hour, number] of numbers) {
          const ofHour = bounds.filter(([boundHour]) => boundHour === hour)
          const least = Math.min(...ofHour.map(([, from]) => from ?? Number.POSITIVE_INFINITY))
          const greatest = Math.max(...ofHour.map(([, , to]) => to ?? Number.NEGATIVE_INFINITY))
          expect(least <= number && number <= greatest).toBe(true)
        }
        expect(bounds.every(isOrdered)).toBe(true)
      }),
    )
  })
})

/** Whether the first number of each kind is not higher than the last, or both are null. */
function isOrdered([, firstRun, lastRun, firstDelivery, lastDelivery]: HourBounds): boolean {
  const [runs, deliveries] = [
    [firstRun, lastRun],
    [firstDelivery, lastDelivery],
  ].map(([least = null, greatest = null]) => {
    if (least === null || greatest === null) return least === greatest
    return least <= greatest
  })
  return runs === true && deliveries === true
}

/** The expected counters, counted from the rows. */
function countRows(rows: readonly RunRow[]): StatCounter[] {
  const counters = rows
    .filter(({ isListed }) => isListed)
    .flatMap(({ name, status, acknowledgedAt, error, settledAt, updatedAt, requestedAt }): StatCounter[] => {
      const cause = status === 'failed' && typeof error === 'string' ? error : ''
      const group = `${status} ${acknowledgedAt === null ? 'open' : 'acknowledged'} ${cause}`
      const hour = Math.floor((settledAt ?? updatedAt) / HOUR)
      const seconds = String(bucketOf(((settledAt ?? 0) - requestedAt) / 1000))
      return [
        [NOW, 'runs', name, group, 1],
        ...(status === 'pending' ? [] : [[hour, 'settled', name, status, 1] as const]),
        ...(status === 'failed' ? [[hour, 'failed', name, cause, 1] as const] : []),
        ...(settledAt === null ? [] : [[hour, 'seconds', '', seconds, 1] as const]),
      ]
    })
  const counts = new Map<string, number>()
  for (const [hour, kind, extension, value, count] of counters) {
    const key = JSON.stringify([hour, kind, extension, value])
    counts.set(key, count + (counts.get(key) ?? 0))
  }
  return [...counts].map(([key, count]) => [...JSON.parse(key), count] as unknown as StatCounter)
}

function sorted(counters: readonly StatCounter[]): string[] {
  return counters.map((counter) => JSON.stringify(counter)).toSorted()
}

describe('counters', () => {
  const COUNTERS: StatCounter[] = [
    [5, 'settled', 'a b', 'failed', 2],
    [5, 'failed', 'a b', 'failed', 1],
    [5, 'failed', 'a', 'b failed', 1],
    [6, 'settled', 'a b', 'failed', 3],
    [5, 'settled', 'a b', 'failed', 3],
    [5, 'settled', '__proto__', 'success', 4],
    [5, 'failed', 'a b', 'failed', -1],
  ]

  test('are summed per hour, kind, extension and value; zero sums are removed', () => {
    expect(addUp(frozen(COUNTERS))).toEqual([
      [5, 'settled', 'a b', 'failed', 5],
      [5, 'failed', 'a', 'b failed', 1],
      [6, 'settled', 'a b', 'failed', 3],
      [5, 'settled', '__proto__', 'success', 4],
    ])
  })

  test('of the kind `runs` become the groups of runs', () => {
    const group = (value: string, count: number): StatCounter => [NOW, 'runs', 'remove-bg', value, count]
    const counters = [
      group('failed open a cause\nof two lines', 2),
      group('failed acknowledged other', 1),
      group('pending open ', 3),
      group('success open ', 0),
    ]
    const openGroup = { extension: 'remove-bg', acknowledged: false }
    const folded = frozen({ counters: [...counters, ...COUNTERS], byHour: [] })
    expect(countsOf(folded, [], { from: 0, until: 9 }).groups).toEqual([
      { ...openGroup, status: 'failed', acknowledged: true, cause: 'other', count: 1 },
      { ...openGroup, status: 'failed', cause: 'a cause\nof two lines', count: 2 },
      { ...openGroup, status: 'pending', cause: '', count: 3 },
    ])
  })

  test('per hour are summed by day (UTC), and those of the kind `runs` are left out', () => {
    const counters: StatCounter[] = [
      [23, 'settled', 'a', 'failed', 2],
      [24, 'settled', 'a', 'failed', 1],
      [47, 'settled', 'a', 'failed', 3],
      [47, 'failed', 'a', 'E1', 4],
      [NOW, 'runs', 'a', 'pending open ', 5],
      [48, 'seconds', '', '7', 1],
      [49, 'seconds', '', '7', -1],
    ]
    expect(sumByDay(frozen(counters))).toEqual([
      [0, 'settled', 'a', 'failed', 2],
      [1, 'settled', 'a', 'failed', 4],
      [1, 'failed', 'a', 'E1', 4],
    ])
  })
})

test('Hours are split into whole days and the hours around them, each hour once', () => {
  fc.assert(
    fc.property(fc.nat(100), fc.nat(100), (from, count) => {
      const { hours, days } = splitHours(from, from + count)
      const listed = (first: number, end: number) =>
        Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index)
      const inDays = listed(...days).flatMap((day) => listed(day * 24, (day + 1) * 24))
      const [before, after] = hours.map((span) => listed(...span))
      expect([...(before ?? []), ...inDays, ...(after ?? [])]).toEqual(listed(from, from + count))
      // At most 46 hours contain no whole day: all but the first of one day and the last of the next.
      expect(Math.max(before?.length ?? 0, after?.length ?? 0)).toBeLessThan(2 * 24)
    }),
  )
})

describe('counters that are not folded yet', () => {
  const delta = (...counters: StatCounter[]) => JSON.stringify({ counters, hours: [] })

  test('are added to the folded ones if they are of the kind `runs` or in the requested hours, and zero sums are left out', () => {
    // The store sums the folded counters of the requested hours; these sums have the hour `NOW`, too.
    const counters: StatCounter[] = [
      [NOW, 'runs', 'a', 'pending open ', 2],
      [NOW, 'settled', 'a', 'success', 1],
    ]
    const byHour: SettledCount[] = [
      [3, 'success', 1],
      [4, 'failed', 1],
    ]
    const changes: StatCounter[] = [
      [NOW, 'runs', 'a', 'pending open ', -2],
      [NOW, 'runs', 'a', 'success open ', 2],
      [3, 'settled', 'a', 'success', 1],
      [4, 'settled', 'a', 'success', 1],
      [3, 'seconds', '', '7', 1],
      [4, 'seconds', '', '7', 1],
      [2, 'seconds', '', '7', 1],
      [5, 'settled', 'a', 'success', 1],
      [4, 'settled', 'b', 'failed', -1],
      [3, 'settled', 'b', 'expired', 1],
    ]
    const folded = { counters, byHour }
    expect(countsOf(folded, [JSON.stringify(changes)], { from: 3, until: 5 })).toEqual({
      groups: [{ extension: 'a', status: 'success', acknowledged: false, cause: '', count: 2 }],
      counters: [
        [0, 'seconds', '', '7', 2],
        [0, 'settled', 'a', 'success', 3],
        [0, 'settled', 'b', 'expired', 1],
        // Only sums of zero are left out.
        [0, 'settled', 'b', 'failed', -1],
      ],
      byHour: [
        { hour: 3, success: 2, failed: 0, expired: 1 },
        { hour: 4, success: 1, failed: 0, expired: 0 },
      ],
    })
  })

  test('are folded in order until enough counters have changed', () => {
    // Two such deltas exceed the 2,000 changes after which no further delta is folded; one does not.
    const many = Array.from({ length: 1_500 }, (_, index): StatCounter => [1, 'failed', 'a', `E${index}`, 1])
    const deltas = [4, 5, 9].map((n) => [n, delta(...many)] as const)
    expect(foldDeltas([])).toBeNull()
    expect(foldDeltas(deltas.slice(0, 2))).toMatchObject({ numbers: [4, 5], isMore: false })
    const folded = foldDeltas(deltas)
    expect(folded).toMatchObject({ numbers: [4, 5], isMore: true, hours: [] })
    expect(folded?.counters).toEqual(many.map(([hour, kind, name, value]) => [hour, kind, name, value, 2]))
  })
})
