import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const SCRIPT = fileURLToPath(new URL('../../scripts/mutations.mjs', import.meta.url))

test('every fault of the mutation tests determines exactly one place in the source, and the tests that should detect it exist', {
  timeout: 60_000,
}, () => {
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, '--places'], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})
