import { afterEach, beforeEach, describe } from 'vitest'
import { describeClaims } from '../../contract/claims.ts'
import { describeHeartbeats } from '../../contract/heartbeats.ts'
import { describeLeases } from '../../contract/leases.ts'
import { describeOtherProcesses } from '../../contract/other-processes.ts'
import type { StoreFixture } from '../../contract/store-fixture.ts'
import { describeTwoHandles } from '../../contract/two-handles.ts'
import { openPostgres } from './open-postgres.ts'

describe('the PostgreSQL store', () => {
  let opened: StoreFixture
  beforeEach(async () => {
    opened = await openPostgres()
  })
  afterEach(() => opened.destroy())

  describeTwoHandles(() => opened)
  describeClaims(() => opened)
  describeHeartbeats(() => opened)
  describeLeases(() => opened)
  describeOtherProcesses(() => opened)
})
