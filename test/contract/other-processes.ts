import { describe, expect, test, vi } from 'vitest'
import type { ChangedElsewhere } from '../../src/domain/commit.ts'
import { anAuditEntry } from './builders.ts'
import { deliverResult, submitWithRuns } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

/** The clock of the database, and what a store reports about the commits of other processes that use the same database. */
export function describeOtherProcesses(current: () => StoreFixture): void {
  describe("the database's clock", () => {
    test('does not go back, whichever process reads it', async () => {
      const { store, openAnotherProcess } = current()
      const other = await openAnotherProcess()
      const times: number[] = []
      for (const one of [store, other, store, other]) times.push(await one.readServerTime())
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      for (const time of times) expect(Number.isFinite(time)).toBe(true)
    })
  })

  describe('a commit of another process', () => {
    test('is reported within a second if the database is shared, and never otherwise', async () => {
      const { store, openAnotherProcess } = current()
      const other = await openAnotherProcess()
      expect(other.isShared).toBe(store.isShared)
      const reported: ChangedElsewhere[] = []
      store.watchOtherCommits((changed) => reported.push(changed))
      // `unknown` may be any change, so it counts as a report of each.
      const isReported = (kind: 'fileIds' | 'submissionIds', id: string) =>
        reported.some((changed) => changed === 'unknown' || changed[kind].includes(id))
      const expectReport = async (check: () => boolean) => {
        if (store.isShared) await vi.waitFor(() => expect(check()).toBe(true), { timeout: 1_000 })
        else expect(reported).toEqual([])
        reported.length = 0
      }

      const { submissionId } = await submitWithRuns(other, ['remove-bg'], { fileId: 'file-1' })
      await expectReport(() => isReported('fileIds', 'file-1') && isReported('submissionIds', submissionId))
      await deliverResult(other, submissionId, 'remove-bg', 'success')
      await expectReport(() => isReported('fileIds', 'file-1') && isReported('submissionIds', submissionId))
      await other.forgetAsset('file-1', anAuditEntry())
      await expectReport(() => isReported('fileIds', 'file-1'))
    })
  })
}
