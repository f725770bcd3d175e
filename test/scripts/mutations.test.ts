import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const RUN = fileURLToPath(new URL('../../scripts/mutations.mjs', import.meta.url))

test('every mutation has one place in the source, and the tests that should detect it exist', {
  timeout: 60_000,
}, () => {
  const { status, stderr } = spawnSync(process.execPath, [RUN, '--places'], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})
