import { afterEach, beforeEach, describe } from 'vitest'
import { describeClaims } from '../../contract/claims.ts'
import { describeHeartbeats } from '../../contract/heartbeats.ts'
import { describeLeases } from '../../contract/leases.ts'
import { describeOtherProcesses } from '../../contract/other-processes.ts'
import { describeSharedDatabase } from '../../contract/shared-database.ts'
import type { StoreFixture } from '../../contract/store-fixture.ts'
import { openPostgres } from './open-postgres.ts'

describe('the PostgreSQL store', () => {
  let opened: StoreFixture
  beforeEach(async () => {
    opened = await openPostgres()
  })
  afterEach(() => opened.destroy())

  describeSharedDatabase(() => opened)
  describeClaims(() => opened)
  describeHeartbeats(() => opened)
  describeLeases(() => opened)
  describeOtherProcesses(() => opened)
})
