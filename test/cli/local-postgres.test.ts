import { existsSync } from 'node:fs'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { startLocalPostgres } from '../../src/cli/local-postgres.ts'

test('a local PostgreSQL accepts only its password, and removes its data when it stops', {
  timeout: 60_000,
}, async () => {
  const { url, stop } = await startLocalPostgres({ path: process.env['PATH'] })
  const client = new Client(url)
  // The connection breaks when the server stops. Without a listener, the error of the broken connection would fail the test.
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query<{ directory: string }>(
    `SELECT current_setting('data_directory') AS directory`,
  )
  const directory = rows[0]?.directory ?? ''
  expect(existsSync(directory)).toBe(true)
  const wrongPassword = new URL(url)
  wrongPassword.password = 'guessed'
  await expect(new Client(wrongPassword.href).connect()).rejects.toThrow('password authentication failed')
  await stop()
  expect(existsSync(directory)).toBe(false)
  await expect(new Client(url).connect()).rejects.toThrow('ECONNREFUSED')
})
