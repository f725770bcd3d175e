import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { readRows } from '../support/database.ts'
import { ask } from '../support/operator.ts'
import { databaseIn, pathOf } from '../support/sqlite-database.ts'
import { ADMIN_KEY, startTracker, temporaryDirectory } from '../support/tracker.ts'
import { register } from '../support/webhooks.ts'
import { WITHOUT_RECONCILER } from './reconcile-setup.ts'

test('a backup is a database that contains the runs', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  await register(tracker, ['remove-bg'])
  const headers = { authorization: `Bearer ${ADMIN_KEY}` }
  const response = await tracker.fetch('/backup', { method: 'POST', headers })
  expect(response.status).toBe(200)
  const bytes = Buffer.from(await response.arrayBuffer())
  expect(bytes.length).toBe(Number(response.headers.get('content-length')))
  const copy = databaseIn(temporaryDirectory())
  writeFileSync(pathOf(copy), bytes)
  expect(await readRows(copy, 'SELECT name, status FROM runs')).toEqual([
    { name: 'remove-bg', status: 'pending' },
  ])
})

test('a caller that sends a long body with Connection: close gets the whole backup, and its reason is recorded', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  const body = `{"reason":"before the move"${' '.repeat(1_000_000)}}`
  const socket = connect(Number(new URL(tracker.url).port), '127.0.0.1')
  socket.write(
    `POST /backup HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${ADMIN_KEY}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  )
  const response = await buffer(socket)
  const headEnd = response.indexOf('\r\n\r\n')
  const [, length] = /content-length: (\d+)/i.exec(response.toString('latin1', 0, headEnd)) ?? []
  expect(response.length - headEnd - 4).toBe(Number(length))
  expect(await ask(tracker, '/audit')).toMatchObject({
    json: { entries: [{ kind: 'backup', reason: 'before the move' }] },
  })
})
