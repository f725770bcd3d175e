import { afterEach, beforeEach, describe } from 'vitest'
import { describeClaims } from '../../contract/claims.ts'
import { describeHeartbeats } from '../../contract/heartbeats.ts'
import { describeLeases } from '../../contract/leases.ts'
import type { OpenedStore } from '../../contract/opened-store.ts'
import { describeTwoHandles } from '../../contract/two-handles.ts'
import { openPostgres } from './open-postgres.ts'

describe('the PostgreSQL store', () => {
  let opened: OpenedStore
  beforeEach(async () => {
    opened = await openPostgres()
  })
  afterEach(() => opened.destroy())

  describeTwoHandles(() => opened)
  describeClaims(() => opened)
  describeHeartbeats(() => opened)
  describeLeases(() => opened)
})
