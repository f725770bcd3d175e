import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { readRows } from '../support/database.ts'
import { ask } from '../support/operator.ts'
import { databaseIn, pathOf } from '../support/sqlite-database.ts'
import { ADMIN_KEY, startTracker, temporaryDirectory } from '../support/tracker.ts'
import { register } from '../support/webhooks.ts'
import { BY_HAND } from './reconcile-setup.ts'

test('a backup is a database of its own with everything in it', async () => {
  const tracker = await startTracker(BY_HAND)
  await register(tracker, ['remove-bg'])
  const headers = { authorization: `Bearer ${ADMIN_KEY}` }
  const answer = await tracker.fetch('/backup', { method: 'POST', headers })
  expect(answer.status).toBe(200)
  const bytes = Buffer.from(await answer.arrayBuffer())
  expect(bytes.length).toBe(Number(answer.headers.get('content-length')))
  const copy = databaseIn(temporaryDirectory())
  writeFileSync(pathOf(copy), bytes)
  expect(await readRows(copy, 'SELECT name, status FROM runs')).toEqual([
    { name: 'remove-bg', status: 'pending' },
  ])
})

test('a backup comes whole to who sends a long body and closes, and its reason is kept', async () => {
  const tracker = await startTracker(BY_HAND)
  const body = `{"reason":"before the move"${' '.repeat(1_000_000)}}`
  const socket = connect(Number(new URL(tracker.url).port), '127.0.0.1')
  socket.write(
    `POST /backup HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer admin-key-of-the-tests-0123456789\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  )
  const answer = await buffer(socket)
  const headEnd = answer.indexOf('\r\n\r\n')
  const [, length] = /content-length: (\d+)/i.exec(answer.toString('latin1', 0, headEnd)) ?? []
  expect(answer.length - headEnd - 4).toBe(Number(length))
  expect(await ask(tracker, '/audit')).toMatchObject({
    json: { acts: [{ kind: 'backup', reason: 'before the move' }] },
  })
})
