import { expect, test } from 'vitest'
import { readTags } from '../support/html.ts'
import { openBrowser } from '../support/operator-browser.ts'
import { ADMIN_KEY } from '../support/tracker.ts'
import { register } from '../support/webhooks.ts'
import { HOSTS, startHostAndSandbox } from './hosts.ts'

/** The attributes that have addresses. */
const ADDRESSES = ['href', 'src', 'action', 'formaction', 'data-events']

function uploadForm(): FormData {
  const form = new FormData()
  form.set('file', new Blob(['hello']), 'hello.txt')
  form.set('fileName', 'hello.txt')
  form.set('tags', 'sandbox:delay=10,sandbox:aws-auto-tagging=failed')
  form.set('extensions', JSON.stringify([{ name: 'remove-bg' }, { name: 'aws-auto-tagging' }]))
  return form
}

test.each(HOSTS)(
  'in %s, an upload streams through, webhooks settle it, and a browser reads its status',
  async (_, host) => {
    const { url, fetch: send } = await startHostAndSandbox(host)
    const uploaded = await send('/api/v1/files/upload', { method: 'POST', body: uploadForm() })
    expect(uploaded.status).toBe(200)
    const { fileId } = (await uploaded.json()) as { fileId: string }
    const [, statusUrl = '', eventsUrl = ''] =
      /^<(.*)>; rel="status", <(.*)>; rel="events"$/.exec(uploaded.headers.get('link') ?? '') ?? []
    expect(statusUrl).toMatch(`${url}/assets/${fileId}/status?token=`)

    const events = await fetch(eventsUrl)
    expect(events.headers.get('content-type')).toBe('text/event-stream')
    expect(await events.text()).toMatch(/^event: status\n[^]*"status":"failed"[^]*\n\n$/)
    const status = await fetch(`${statusUrl}&wait=10`)
    expect(await status.json()).toMatchObject({
      extensionStatus: { 'remove-bg': 'success', 'aws-auto-tagging': 'failed' },
      extensions: [{ source: 'webhook' }, { source: 'webhook' }],
    })
    const headers = { 'if-none-match': status.headers.get('etag') ?? '' }
    expect((await fetch(statusUrl, { headers })).status).toBe(304)
    expect((await fetch(statusUrl, { method: 'HEAD' })).headers.get('etag')).toBe(status.headers.get('etag'))
  },
)

test.each(HOSTS)(
  'in %s, errors, JSON bodies and preflight requests are handled as by `serve`',
  async (_, host) => {
    const { url, fetch: send } = await startHostAndSandbox(host)
    const unknown = await send('/assets/unknown/status')
    expect(unknown.status).toBe(404)
    expect(await unknown.json()).toMatchObject({ type: `${url}/problems/not_found`, code: 'not_found' })
    const { submissionId, webhookUrl } = await register({ fetch: send }, ['remove-bg'])
    expect(webhookUrl).toContain(`${url}/webhooks/extension/${submissionId}.`)
    const options = await fetch(`${url}/assets/a/status`, { method: 'OPTIONS' })
    expect([options.status, options.headers.get('access-control-allow-origin')]).toEqual([204, '*'])
    const wrongMethod = await send('/submissions', { method: 'DELETE' })
    expect([wrongMethod.status, wrongMethod.headers.get('allow')]).toEqual([405, 'POST'])
  },
)

test.each(HOSTS)('in %s, an operator signs in and follows every address on the pages', async (_, host) => {
  const { url, fetch: send } = await startHostAndSandbox(host)
  await register({ fetch: send }, ['remove-bg'])
  const { origin } = new URL(url)
  const browser = openBrowser({ url: origin })
  const page = await browser.get('/tracker/admin')
  expect(page.location).toBe('/tracker/admin/sign-in?to=%2Fadmin')
  const signInPage = await browser.get(page.location ?? '')
  const signedIn = await browser.submit(signInPage, '/tracker/admin/sign-in', [['key', ADMIN_KEY]])
  expect(signedIn.location).toBe('/tracker/admin')
  expect(signedIn.headers.getSetCookie()).toEqual([expect.stringContaining('Path=/tracker/admin;')])

  const seen = new Set<string>()
  const visit = async (path: string) => {
    const { status, html } = await browser.get(path)
    expect(status, path).toBe(200)
    for (const { attributes } of readTags(html))
      for (const name of ADDRESSES) {
        const address = attributes[name]
        if (address !== undefined && !address.startsWith('#')) seen.add(`${name} ${address}`)
      }
  }
  await visit('/tracker/admin')
  await visit('/tracker/admin/failures?status=pending')
  const linked = [...seen].filter((one) => /^(href|src) \/tracker\/admin\/(static|runs|assets)\//.test(one))
  expect(linked.length).toBeGreaterThan(4)
  for (const one of linked) await visit(one.replace(/^\w+ /, ''))
  expect([...seen].filter((one) => !one.includes(' /tracker/admin'))).toEqual([])
  expect([...seen].map((one) => one.split(' ')[0])).toEqual(expect.arrayContaining(['action', 'data-events']))
})

test.each(HOSTS)(
  'in %s, the page of the API description loads its files from below the path',
  async (_, host) => {
    const { url } = await startHostAndSandbox(host)
    const page = await fetch(`${url}/docs`)
    const html = await page.text()
    const script = /<script type="module" src="([^"]+)"/.exec(html)?.[1] ?? ''
    const description = /spec-url="([^"]+)"/.exec(html)?.[1] ?? ''
    expect((await fetch(new URL(script, page.url))).headers.get('content-type')).toContain('javascript')
    const { servers } = (await (await fetch(new URL(description, page.url))).json()) as { servers: object[] }
    expect(servers).toEqual([expect.objectContaining({ url })])
  },
)
