import { expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

test('with --postgres, the demo starts a PostgreSQL server and has the same result as with SQLite', {
  timeout: 60_000,
}, async () => {
  const { PATH } = process.env
  const { exitCode, stdout, stderr } = await runCli(['demo', '--exit', '--postgres'], { env: { PATH } })
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toContain('database  a temporary PostgreSQL server\n')
  expect(stdout).toContain('3 files, 6 extensions: 5 success, 1 failed, 0 pending')
})
