import { describe, expect, test } from 'vitest'
import { acquireLease, holdsLease, releaseLease, underLease } from '../../../../src/domain/decide/lease.ts'
import type { LeaseRow } from '../../../../src/domain/decide/rows.ts'
import { createMemory } from './memory.ts'

const OURS: LeaseRow = { name: 'maintenance', isOurs: true, epoch: 4, endsAt: 40_000 }
const THEIRS: LeaseRow = { ...OURS, isOurs: false }

function withLease(row?: LeaseRow) {
  const memory = createMemory()
  if (row) memory.put('leases', row)
  return memory
}

describe('the lease', () => {
  test('is first acquired with epoch 1', () => {
    const { result, inserted } = withLease().run(acquireLease(10_000, 30_000))
    expect(result).toEqual({ epoch: 1 })
    expect(inserted.leases).toEqual([{ ...OURS, epoch: 1 }])
  })

  test('of another process is not acquired before its end', () => {
    const { result, updated } = withLease(THEIRS).run(acquireLease(39_999, 30_000))
    expect([result, updated]).toEqual([null, {}])
  })

  // At -50,001, a lease can end at 39,999 at the latest: 30,000 ms later, plus `CLOCK_SLACK_MS`.
  test.each([
    ['it has ended', 40_000],
    ['it ends later than is possible now, so the clock was set back', -50_001],
  ])('of another process is acquired with the next epoch when %s', (_, at) => {
    const { result, updated } = withLease(THEIRS).run(acquireLease(at, 30_000))
    expect(result).toEqual({ epoch: 5 })
    expect(updated.leases).toEqual([{ ...OURS, epoch: 5, endsAt: at + 30_000 }])
  })

  test.each([20_000, 50_000])(
    'of this process is extended with the same epoch, before or after its end: at %s',
    (at) => {
      const { result, updated } = withLease(OURS).run(acquireLease(at, 30_000))
      expect(result).toEqual({ epoch: 4 })
      expect(updated.leases).toEqual([{ ...OURS, endsAt: at + 30_000 }])
    },
  )

  test('is free after a release, and the next holder has a higher epoch', () => {
    const memory = withLease(OURS)
    memory.run(releaseLease({ epoch: 4 }))
    expect(memory.run(acquireLease(10_000, 30_000)).result).toEqual({ epoch: 5 })
  })

  test.each([THEIRS, { ...OURS, epoch: 5 }])('is not released if it was lost', (row) => {
    expect(withLease(row).run(releaseLease({ epoch: 4 })).updated).toEqual({})
  })

  test('is held only by its process and only with its epoch', () => {
    const rows = [OURS, THEIRS, { ...OURS, epoch: 5 }, undefined]
    expect(rows.map((row) => holdsLease(row, { epoch: 4 }))).toEqual([true, false, false, false])
  })

  test('allows a step only while it is held', () => {
    const claim = {
      scope: 'key',
      nonce: 'own',
      claimedAt: 1,
      fingerprint: null,
      submissionId: null,
      abandoned: false,
      response: null,
    }
    const step = { keys: [], decide: () => ({ result: 'done', changes: { insert: { claims: [claim] } } }) }
    const lost = withLease(THEIRS).run(underLease({ epoch: 4 }, step))
    expect([lost.result, lost.inserted]).toEqual([null, {}])
    const held = withLease(OURS).run(underLease({ epoch: 4 }, step))
    expect([held.result, held.inserted.claims]).toEqual(['done', [claim]])
  })
})
