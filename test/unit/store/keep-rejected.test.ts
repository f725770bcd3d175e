import { expect, test } from 'vitest'
import type { NewIds } from '../../../src/domain/ids.ts'
import { formatId } from '../../../src/domain/ids.ts'
import { type IdentifiedRejection, keepRejected } from '../../../src/store/keep-rejected.ts'
import { runSync, waitFor } from '../../../src/store/transaction-work.ts'
import { newRejected } from '../../contract/builders.ts'

/** Keeps the rows in memory, oldest first. `keep` stores new ones: with a valid token if they have the id of a submission. */
function memoryRows() {
  let kept: (IdentifiedRejection & { n: number })[] = []
  let lastNumber = 0
  const listKind = (hasValidToken: boolean) => kept.filter((one) => one.hasValidToken === hasValidToken)
  const ids: Pick<NewIds, 'delivery'> = {
    delivery() {
      lastNumber += 1
      return formatId('dlv', lastNumber, 'AAAAAAAAAAA')
    },
  }
  const rows: Parameters<typeof keepRejected>[0] = {
    insert: (one) => waitFor(void kept.push({ ...one, n: Number(one.deliveryId.split('_')[1]) })),
    appendDelta: () => waitFor(undefined),
    sum: (hasValidToken) =>
      waitFor({
        count: listKind(hasValidToken).length,
        bytes: listKind(hasValidToken).reduce((sum, { body }) => sum + body.length, 0),
      }),
    listOldest: (hasValidToken, limit) =>
      waitFor(
        listKind(hasValidToken)
          .slice(0, limit)
          .map(({ n, body }) => ({ n, storedBytes: body.length })),
      ),
    remove(n) {
      kept = kept.filter((one) => one.n !== n)
      return waitFor(undefined)
    },
  }
  const keep = (count: number, submissionId: string | null) => {
    const rejected = Array.from({ length: count }, () => newRejected({ submissionId }))
    return runSync(keepRejected(rows, ids, rejected))
  }
  const numbersOf = ({ hasValidToken }: { hasValidToken: boolean }) =>
    listKind(hasValidToken).map(({ n }) => n)
  return { keep, numbersOf }
}

test('However many rejected deliveries without a valid token arrive at once, only the oldest of these are evicted, until the rest is within the limit', () => {
  const { keep, numbersOf } = memoryRows()
  expect(keep(3, 'sub_1_AAAAAAAAAAA')).toEqual([1, 2, 3].map((n) => formatId('dlv', n, 'AAAAAAAAAAA')))
  keep(1_250, null)
  expect(numbersOf({ hasValidToken: true })).toEqual([1, 2, 3])
  // The numbers 4 to 1253 were stored, and the limit is 1000.
  expect(numbersOf({ hasValidToken: false })).toEqual(
    Array.from({ length: 1_000 }, (_, index) => 254 + index),
  )
})
