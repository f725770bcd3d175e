import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeliveryOutcome } from '../../src/domain/delivery.ts'
import type { DeliveryFilter } from '../../src/domain/listed-delivery.ts'
import type { Store } from '../../src/store/store.ts'
import { accepted, newAccountDelivery, newDelivery, newRejected } from './builders.ts'
import { HOUR } from './random-steps.ts'
import { fold, listEveryDelivery, submitWithRuns } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

const OUTCOMES = ['applied', 'duplicate', 'contradicted', 'ignored', 'rejected'] as const
/** The causes of the ignored and of the rejected deliveries that the test records. */
const CAUSES = ['other_file', 'not_requested', 'unknown_shape', 'unknown_status'] as const
const REJECTIONS = ['forged_token', 'unknown_submission', 'too_large'] as const
const SERVICES = ['remove-bg', 'ai-tasks', 'google-auto-tagging']
const FILES = ['file-0', 'file-1', 'file-2', 'file-3', 'file-4']

/** A delivery as the test recorded it. */
type ExpectedDelivery = {
  deliveryId: string
  receivedAt: number
  outcome: DeliveryOutcome
  cause: string | null
  service: string | null
  /** The file of its submission, and the file that it names; for an event only the latter. Empty for a rejected delivery. */
  fileIds: (string | null)[]
}

/** A clock that advances, and sometimes jumps ahead or back by hours. */
function clockAt(index: number): number {
  return 20 * HOUR + index * 60_000 + (index % 60 < 10 ? 3 * HOUR : 0) - (index % 90 < 8 ? 5 * HOUR : 0)
}

/** The kinds of deliveries that the test records, by the last digit of the index. */
const KINDS = [
  'result',
  'result',
  'result',
  'result',
  'other file',
  'no service',
  'service not requested',
  'no status',
  'rejected',
  'account event',
] as const

/** Records deliveries of all kinds and with all outcomes: those with the indexes from `from` to before `until`. */
async function makeDeliveries(store: Store, from: number, until: number): Promise<ExpectedDelivery[]> {
  const submissions = await Promise.all(
    FILES.map((fileId) => submitWithRuns(store, SERVICES, { fileId, at: clockAt(from) })),
  )
  const make = async (index: number): Promise<ExpectedDelivery> => {
    const receivedAt = clockAt(index)
    const kind = KINDS[index % 10]
    if (kind === 'rejected') {
      const cause = REJECTIONS[Math.floor(index / 10) % 3] ?? 'forged_token'
      const facts = { receivedAt, cause, fileId: FILES[index % 4] ?? null }
      const [deliveryId = ''] = await store.keepRejected([newRejected(facts)])
      return { deliveryId, receivedAt, outcome: 'rejected', cause, service: null, fileIds: [] }
    }
    if (kind === 'account event') {
      const fileId = FILES[index % 4] ?? ''
      const event = { kind: 'asset', eventId: null, type: 'file.updated', fileId } as const
      const recorded = await store.recordAccountDelivery(newAccountDelivery(event, receivedAt))
      const { deliveryId, outcome, cause } = recorded
      return { deliveryId: `${deliveryId}`, receivedAt, outcome, cause, service: null, fileIds: [fileId] }
    }
    const fileIndex = Math.floor(index / 7) % 5
    const fileId = FILES[fileIndex] ?? ''
    const service =
      kind === 'no service'
        ? null
        : kind === 'service not requested'
          ? 'never-asked'
          : (SERVICES[index % 3] ?? null)
    const result = {
      service,
      status: kind === 'no status' ? null : index % 13 === 0 ? ('failed' as const) : ('success' as const),
      fileId: kind === 'other file' ? (FILES[(fileIndex + 1) % 5] ?? null) : index % 4 === 0 ? null : fileId,
    }
    const delivery = newDelivery(submissions[fileIndex]?.submissionId ?? '', result, { receivedAt })
    const { deliveryId, outcome, cause } = await store.recordDelivery(delivery)
    return {
      deliveryId: `${deliveryId}`,
      receivedAt,
      outcome,
      cause,
      service,
      fileIds: [fileId, result.fileId],
    }
  }
  const made: ExpectedDelivery[] = []
  for (let index = from; index < until; index += 20)
    made.push(...(await Promise.all(Array.from({ length: 20 }, (_, offset) => make(index + offset)))))
  return made
}

/** The filter, implemented a second time. */
function isMatch(one: ExpectedDelivery, filter: DeliveryFilter): boolean {
  if (filter.fileId !== null && !one.fileIds.includes(filter.fileId)) return false
  if (filter.since !== null && one.receivedAt < filter.since) return false
  if (filter.until !== null && one.receivedAt >= filter.until) return false
  const { outcome, cause, service } = filter
  return (
    (outcome === null || outcome === one.outcome) &&
    (cause === null || cause === one.cause) &&
    (service === null || service === one.service)
  )
}

function filtersOf(made: readonly ExpectedDelivery[]): fc.Arbitrary<DeliveryFilter> {
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary })
  const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary })
  const time = fc.oneof(
    fc.constantFrom(...made).map(({ receivedAt }) => receivedAt),
    fc.constantFrom(...made).map(({ receivedAt }) => receivedAt + 1),
    fc.integer({ min: 0, max: 60 * HOUR }),
  )
  return fc.record({
    outcome: maybe(fc.constantFrom<DeliveryOutcome>(...OUTCOMES)),
    cause: maybe(fc.constantFrom<string>(...CAUSES, ...REJECTIONS, 'no-such')),
    service: maybe(fc.constantFrom(...SERVICES, 'never-asked', 'no-such')),
    fileId: rarely(fc.constantFrom(...FILES, 'nowhere')),
    since: maybe(time),
    until: maybe(time),
  })
}

export function describeOperatorsDeliveryFilters(current: () => StoreFixture, share: number): void {
  describe('a filter of deliveries', () => {
    test('selects exactly the deliveries with its outcome, cause, service, file and times, and keeps their order', async () => {
      const { store } = current()
      // The counter deltas contain the lowest and highest row numbers of each hour, with which the store finds rows by time. The deltas
      // of the first deliveries are folded, and those of the later ones are not.
      const early = await makeDeliveries(store, 0, 300)
      await fold(store)
      const made = [...early, ...(await makeDeliveries(store, 300, 540))]
      for (const outcome of OUTCOMES) expect(made.some((one) => one.outcome === outcome)).toBe(true)
      for (const cause of [...CAUSES, ...REJECTIONS])
        expect(made.some((one) => one.cause === cause)).toBe(true)
      const checkFilters = (cases: number) =>
        fc.assert(
          fc.asyncProperty(filtersOf(made), fc.integer({ min: 5, max: 100 }), async (filter, limit) => {
            const found = await listEveryDelivery(store, filter, { limit })
            const expected = made.filter((one) => isMatch(one, filter)).map(({ deliveryId }) => deliveryId)
            expect(new Set(found.map(({ deliveryId }) => deliveryId))).toEqual(new Set(expected))
            expect(found).toHaveLength(expected.length)
            const all = await listEveryDelivery(store, {}, { limit: 1_000 })
            const ids = new Set(expected)
            expect(found).toEqual(all.filter(({ deliveryId }) => ids.has(deliveryId)))
          }),
          { numRuns: Math.ceil(cases * share) },
        )
      await checkFilters(100)
      await fold(store)
      await checkFilters(40)
    })

    test.each([
      ['since', { since: 5_000 }, [5_000, 5_001]],
      ['until', { until: 5_000 }, [4_999]],
      ['service', { service: 'remove-bg' }, [4_999, 5_001]],
      ['cause', { cause: 'not_requested' }, [5_000]],
      ['outcome', { outcome: 'duplicate' }, [5_001]],
      ['cause and service', { cause: 'not_requested', service: 'ai-tasks' }, [5_000]],
      ['cause and another service', { cause: 'not_requested', service: 'remove-bg' }, []],
      ['cause and another outcome', { cause: 'not_requested', outcome: 'applied' }, []],
      ['since and until', { since: 5_000, until: 5_001 }, [5_000]],
      ['since after until', { since: 5_001, until: 5_000 }, []],
    ] as const)('is exact for %s', async (_, filter, expected) => {
      const { store } = current()
      const { submissionId } = await submitWithRuns(store, ['remove-bg'])
      const result = { status: 'success' } as const
      const services = ['remove-bg', 'ai-tasks', 'remove-bg']
      for (const [index, service] of services.entries())
        await store.recordDelivery(
          newDelivery(submissionId, { ...result, service }, { receivedAt: 4_999 + index }),
        )
      const received = async () =>
        (await listEveryDelivery(store, filter)).map(({ receivedAt }) => receivedAt)
      const newestFirst = expected.toReversed()
      expect(await received()).toEqual(newestFirst)
      await fold(store)
      expect(await received()).toEqual(newestFirst)
    })

    test('finds rejected deliveries by time, cause and outcome, even if no others were recorded', async () => {
      const { store } = current()
      const [early, late] = await store.keepRejected([
        newRejected({ receivedAt: 2 * HOUR, cause: 'forged_token' }),
        newRejected({ receivedAt: 9 * HOUR, cause: 'too_large' }),
      ])
      const ids = async (filter: Partial<DeliveryFilter>) =>
        (await listEveryDelivery(store, filter)).map(({ deliveryId }) => deliveryId)
      for (const isFolded of [false, true]) {
        if (isFolded) await fold(store)
        expect(await ids({ since: 9 * HOUR })).toEqual([late])
        expect(await ids({ until: 9 * HOUR })).toEqual([early])
        expect(await ids({ cause: 'too_large' })).toEqual([late])
        expect(await ids({ outcome: 'rejected', since: 0 })).toEqual([late, early])
        expect(await ids({ outcome: 'applied', since: 0 })).toEqual([])
        expect(await ids({ service: 'remove-bg' })).toEqual([])
      }
    })

    test('finds a delivery by the outcome that a later response gave it, and a replayed one by its original time', async () => {
      const { store } = current()
      const { submissionId } = await submitWithRuns(store, ['remove-bg'], { fileId: 'file-1' })
      const result = { service: 'ai-tasks', status: 'success', fileId: 'file-1' } as const
      const receivedAt = 3 * HOUR
      const claimed = await store.recordDelivery(newDelivery(submissionId, result, { receivedAt }))
      const repeated = await store.recordDelivery(newDelivery(submissionId, result, { receivedAt }))
      const [replayOf = ''] = await store.keepRejected([newRejected({ receivedAt: HOUR })])
      const ids = async (filter: Partial<DeliveryFilter>) =>
        (await listEveryDelivery(store, filter)).map(({ deliveryId }) => deliveryId)
      expect(await ids({ cause: 'not_requested' })).toEqual([repeated.deliveryId, claimed.deliveryId])

      await store.applyResponse(
        submissionId,
        accepted({ 'ai-tasks': 'pending' }, { fileId: 'file-1' }),
        4 * HOUR,
      )
      const again = { ...result, service: 'remove-bg' }
      await store.recordDelivery(newDelivery(submissionId, again, { receivedAt: HOUR, replayOf }))
      for (const isFolded of [false, true]) {
        if (isFolded) await fold(store)
        expect(await ids({ cause: 'not_requested' })).toEqual([])
        expect(await ids({ outcome: 'applied' })).toEqual([replayOf, claimed.deliveryId])
        expect(await ids({ outcome: 'duplicate' })).toEqual([repeated.deliveryId])
        expect(await ids({ outcome: 'rejected' })).toEqual([])
        expect(await ids({ until: 2 * HOUR })).toEqual([replayOf])
        expect(await ids({ service: 'ai-tasks' })).toEqual([repeated.deliveryId, claimed.deliveryId])
        const all = [replayOf, repeated.deliveryId, claimed.deliveryId]
        expect(await ids({ fileId: 'file-1' })).toEqual(all)
        expect(await ids({ fileId: 'file-1', since: 2 * HOUR })).toEqual(all.slice(1))
      }
    })
  })
}
