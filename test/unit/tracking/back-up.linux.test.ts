import { readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { backUp } from '../../../src/tracking/operators/back-up.ts'
import { temporaryDirectory } from '../../support/tracker.ts'

const OPEN_FILES = '/proc/self/fd'

test('a backup that cannot be recorded is deleted, and its file is closed', async () => {
  const backupFolder = temporaryDirectory()
  const backupPrefix = join(backupFolder, 'backup-')
  const store = {
    backUp: async (path: string) => writeFileSync(path, 'a copy'),
    recordAuditEntry: () => Promise.reject(new Error('the disk is full')),
    findFault: async () => undefined,
  }
  const by = { reason: null, actor: 'operator' }
  await expect(backUp({ store, clock: () => 1, backupPrefix, log: { warn() {} } }, by)).rejects.toThrow(
    'full',
  )
  expect(readdirSync(backupFolder)).toEqual([])
  expect(openFiles().filter((path) => path.startsWith(backupFolder))).toEqual([])
})

function openFiles(): string[] {
  return readdirSync(OPEN_FILES).flatMap((fd) => {
    try {
      return readlinkSync(`${OPEN_FILES}/${fd}`)
    } catch {
      return []
    }
  })
}
