import { existsSync } from 'node:fs'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { startLocalPostgres } from '../../src/cli/local-postgres.ts'

test('a local PostgreSQL takes connections with its password alone, and leaves nothing behind', {
  timeout: 60_000,
}, async () => {
  const { url, stop } = await startLocalPostgres({ path: process.env['PATH'] })
  const client = new Client(url)
  // It is broken off when the server stops.
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query<{ directory: string }>(
    `SELECT current_setting('data_directory') AS directory`,
  )
  const directory = rows[0]?.directory ?? ''
  expect(existsSync(directory)).toBe(true)
  const stranger = new URL(url)
  stranger.password = 'guessed'
  await expect(new Client(stranger.href).connect()).rejects.toThrow('password authentication failed')
  await stop()
  expect(existsSync(directory)).toBe(false)
  await expect(new Client(url).connect()).rejects.toThrow('ECONNREFUSED')
})
