import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeClaims } from '../contract/claims.ts'
import { describeHeartbeats } from '../contract/heartbeats.ts'
import { describeLeases } from '../contract/leases.ts'
import { describeOtherProcesses } from '../contract/other-processes.ts'
import { describeSharedDatabase } from '../contract/shared-database.ts'
import type { StoreFixture } from '../contract/store-fixture.ts'
import { openSqlite } from './open-sqlite.ts'

describe('the SQLite store', () => {
  let opened: StoreFixture
  beforeEach(async () => {
    opened = await openSqlite()
  })
  afterEach(() => opened.destroy())

  describeSharedDatabase(() => opened)
  describeClaims(() => opened)
  describeHeartbeats(() => opened)
  describeLeases(() => opened)
  describeOtherProcesses(() => opened)

  test('a process that opens the file gets the lease before it has expired, because no other process can have the file open', async () => {
    const lease = await opened.store.acquireLease(10_000, 30_000)
    const next = await (await opened.reopen()).acquireLease(10_001, 30_000)
    expect(next?.epoch).toBeGreaterThan(lease?.epoch ?? 0)
  })
})
