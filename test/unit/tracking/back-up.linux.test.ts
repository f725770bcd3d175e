import { readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { backUp } from '../../../src/tracking/operators/back-up.ts'
import { temporaryDirectory } from '../../support/tracker.ts'

const DESCRIPTORS_FOLDER = '/proc/self/fd'

test('as long as the database file has no fault, a backup that cannot be recorded in the audit log is deleted, and no file of it stays open', async () => {
  const backupFolder = temporaryDirectory()
  const backupPrefix = join(backupFolder, 'backup-')
  const store = {
    backUp: async (path: string) => writeFileSync(path, 'a copy'),
    recordAuditEntry: () => Promise.reject(new Error('the disk is full')),
    findFault: async () => undefined,
  }
  const request = { reason: null, actor: 'operator' }
  await expect(backUp({ store, clock: () => 1, backupPrefix, log: { warn() {} } }, request)).rejects.toThrow(
    'full',
  )
  expect(readdirSync(backupFolder)).toEqual([])
  expect(openFiles().filter((path) => path.startsWith(backupFolder))).toEqual([])
})

/** The paths of the files that this process has open. */
function openFiles(): string[] {
  return readdirSync(DESCRIPTORS_FOLDER).flatMap((fd) => {
    try {
      return readlinkSync(`${DESCRIPTORS_FOLDER}/${fd}`)
    } catch {
      // Closed since the folder was listed.
      return []
    }
  })
}
