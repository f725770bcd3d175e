import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MAIN, runProgram } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'

test('on a full disk migrate fails with the reason, and succeeds once there is space', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'tracker.db')
  // A limit on the size of each file (40 KiB) stands in for a full disk. The lock file fits, but the schema does not.
  const limited = `ulimit -f 40; exec "$0" "$1" migrate`
  const env = { ...process.env, DATABASE_URL: `file:${path}` }
  const { status, stderr } = spawnSync('bash', ['-c', limited, process.execPath, MAIN], {
    env,
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/cannot be opened: (database or disk is full|disk I\/O error)/),
  })
  const migrated = runProgram(['migrate'], { DATABASE_URL: `file:${path}` })
  expect(await migrated.exited).toBe(0)
  expect(migrated.output()).toMatch(/[1-9]\d* migrations? ran/)
})
