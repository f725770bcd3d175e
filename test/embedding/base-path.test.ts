import express from 'express'
import { expect, test } from 'vitest'
import { ask } from '../support/operator.ts'
import { deliver, register } from '../support/webhooks.ts'
import { nodeHost, startHost } from './hosts.ts'

test('addresses in headers contain the path of PUBLIC_URL', async () => {
  const host = await startHost(nodeHost)
  for (const fileId of ['file1', 'file2']) {
    const { webhookUrl } = await register(host, ['remove-bg'], fileId)
    await deliver(webhookUrl, { service: 'remove-bg', status: 'FAILURE', fileId, error: 'E' })
  }
  const page = await ask(host, '/runs?limit=1')
  expect(page.headers.get('link')).toMatch(/^<\/tracker\/runs\?limit=1&cursor=\w+>; rel="next"$/)
  const retry = await ask(host, '/runs/retry', { method: 'POST', body: { status: 'failed' } })
  expect(retry.headers.get('location')).toMatch(/^\/tracker\/retries\//)
})

test.each([
  ['/tracker/healthz', 200],
  ['/tracker/healthz?x=1', 200],
  // As a proxy sends it that has removed the path.
  ['/healthz', 200],
  ['/trackerhealthz', 404],
  ['/tracker', 404],
  ['/tracker/tracker/healthz', 404],
])('with the path /tracker, GET %s gets %s', async (path, status) => {
  const { url } = await startHost(nodeHost)
  expect((await fetch(new URL(path, url))).status).toBe(status)
})

test('in Express, the path may be one with which addresses of the tracker begin', async () => {
  const host = await startHost((tracker) => express().use('/api', tracker.handler), {}, { path: '/api' })
  const response = await host.fetch('/api/v1/files/upload')
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
})

test('the path of PUBLIC_URL may contain any characters', async () => {
  const { url } = await startHost(nodeHost, {}, { path: '/$1/$&' })
  const page = await (await fetch(`${url}/admin/sign-in`)).text()
  expect(page).toContain(' action="/$1/$&/admin/sign-in"')
})
