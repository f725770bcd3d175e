import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openEvents } from '../integration/status-server.ts'
import { runServe } from '../support/program.ts'
import { ADMIN_KEY, API_KEY, IMAGEKIT_KEY, temporaryDirectory } from '../support/tracker.ts'

test('with 400 descriptors, 600 streaming clients do not block webhooks, and the log reports the rejections', async () => {
  const program = await runServe(
    {
      DATABASE_URL: `file:${join(temporaryDirectory(), 'tracker.db')}`,
      IMAGEKIT_PRIVATE_KEY: IMAGEKIT_KEY,
      TRACKER_API_KEY: API_KEY,
      TRACKER_ADMIN_KEY: ADMIN_KEY,
      TRACKER_TOKEN_SECRET: 'token-secret-of-the-tests-0123456789',
    },
    { descriptors: 400 },
  )
  const { url } = program
  const register = async (fileId: string) => {
    const body = JSON.stringify({ extensions: [{ name: 'remove-bg' }], fileId })
    const headers = { authorization: `Bearer ${API_KEY}` }
    const response = await fetch(`${url}/submissions`, { method: 'POST', headers, body })
    return (await response.json()) as { webhookUrl: string }
  }
  const { webhookUrl } = await register('own')
  await register('watched')

  const statuses: (number | undefined)[] = []
  const open = async () => {
    const stream = await openEvents(`${url}/assets/watched/events`, { authorization: `Bearer ${API_KEY}` })
    onTestFinished(() => void stream.disconnect())
    statuses.push(stream.response.statusCode)
  }
  for (let count = 0; count < 600; count += 20) await Promise.all(Array.from({ length: 20 }, open))
  // A quarter of the descriptors is reserved for the service itself. Streams may use three quarters of the other 300.
  expect(statuses.filter((status) => status === 200)).toHaveLength(225)
  expect(statuses.filter((status) => status === 503)).toHaveLength(375)
  const webhook = { service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId: 'own' } }
  const response = await fetch(webhookUrl, { method: 'POST', body: JSON.stringify(webhook) })
  expect(await response.json()).toEqual({ outcome: 'applied' })
  expect(program.output()).toContain('"event":"load.rejected"')
})
