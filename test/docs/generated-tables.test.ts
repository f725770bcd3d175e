import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { ROOT } from './pages.ts'

test('the tables of variables and of routes are those that `npm run docs` writes', () => {
  const { status, stderr } = spawnSync(process.execPath, [`${ROOT}scripts/docs.mjs`, '--check'], {
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})
