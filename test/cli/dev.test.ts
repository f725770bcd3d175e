import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../support/tracker.ts'
import { runCli } from './run-cli.ts'

test('with the placeholder keys of .env.example, dev starts without keys and names the placeholders that it ignores', async () => {
  const directory = temporaryDirectory()
  let stop = () => {}
  let onUp = () => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const up = new Promise<void>((resolve) => {
    onUp = resolve
  })
  let shown = ''
  const example = parseEnv(readFileSync('.env.example', 'utf8'))
  const database = `file:${join(directory, 'tracker.db')}`
  const running = runCli(['dev', '--directory', directory], {
    env: { ...example, DATABASE_URL: database, PORT: '0', LOG_LEVEL: 'silent' },
    stopRequested: () => stopped,
    onOutput: (text) => {
      shown = text
      if (text.includes('Press Ctrl-C')) onUp()
    },
  })
  await Promise.race([up, running])
  const [, pages = ''] = /^pages +(http\S+)$/m.exec(shown) ?? []
  expect(await (await fetch(pages)).text()).toContain('Overview')
  stop()
  const { exitCode, stderr } = await running
  expect(stderr).toMatch(
    /^Ignored the placeholders in TRACKER_API_KEY, TRACKER_ADMIN_KEY, TRACKER_TOKEN_SECRET\. dev needs no keys\./,
  )
  expect(exitCode).toBe(0)
})

test('a list with a key and a placeholder is rejected, not ignored', async () => {
  const directory = temporaryDirectory()
  const env = { TRACKER_ADMIN_KEY: 'ops:a-secret-of-the-operator,change-me-0123456789', PORT: '0' }
  const { exitCode, stderr } = await runCli(['dev', '--directory', directory], { env })
  expect(stderr).toContain('TRACKER_ADMIN_KEY: key 2: the secret is a placeholder')
  expect(exitCode).toBe(2)
})
