import { expect, test, vi } from 'vitest'
import { readLinks, readText } from '../support/html.ts'
import { listRuns } from '../support/operator.ts'
import { signIn } from '../support/operator-browser.ts'
import { accountEvent, deliverEvent, ikHeaders } from '../support/signed-webhooks.ts'
import { startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, payload, register } from '../support/webhooks.ts'
import { fail, startSignedIn } from './admin-setup.ts'

/** Rejected deliveries are stored up to a second after they arrive. */
const WAIT_FOR_REJECTED = { timeout: 10_000 }

/** The links on a page that lead to the page of a delivery. */
const deliveryLinksIn = (html: string) =>
  readLinks(html).filter((href) => /^\/admin\/deliveries\/[^?]/.test(href))

test('deliveries are listed with their outcome, page by page, and filtered by outcome and file', async () => {
  const { tracker, browser } = await startSignedIn()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  await deliver(webhookUrl, payload('remove-bg', 'failure'))
  await fail(tracker, 'remove-bg', 'other')
  const all = await browser.get('/admin/deliveries')
  expect(deliveryLinksIn(all.html)).toHaveLength(4)
  expect(readText(all.html)).toMatch(/applied .* contradicted .* duplicate .* applied /s)
  const counts: [string, number][] = [
    ['?outcome=applied', 2],
    ['?outcome=duplicate', 1],
    [`?fileId=${FILE_ID}`, 3],
    // `+` is a space, as from a fileId that was pasted with spaces around it.
    [`?outcome=applied&fileId=+${FILE_ID}+`, 1],
    ['?outcome=&fileId=', 4],
    ['?limit=3', 3],
  ]
  for (const [query, count] of counts)
    expect(deliveryLinksIn((await browser.get(`/admin/deliveries${query}`)).html), query).toHaveLength(count)
  const first = await browser.get('/admin/deliveries?limit=3')
  const [older = ''] = readLinks(first.html).filter((href) => href.includes('cursor='))
  const rest = await browser.get(older)
  expect(new Set([...deliveryLinksIn(first.html), ...deliveryLinksIn(rest.html)]).size).toBe(4)
})

test('the tabs and the form keep the other filters of the URL', async () => {
  const { tracker, browser } = await startSignedIn()
  const others = {
    fileId: FILE_ID,
    cause: 'not_requested',
    extension: 'remove-bg',
    since: '2026-01-01T00:00:00Z',
    until: '2026-01-02T00:00:00Z',
  }
  const query = new URLSearchParams({ ...others, outcome: 'applied' })
  const { html } = await browser.get(`/admin/deliveries?${query.toString()}`)
  const tabs = readLinks(html)
    .filter((href) => href.startsWith('/admin/deliveries?'))
    .map((href) => Object.fromEntries(new URL(href, tracker.url).searchParams))
  const outcomes = ['applied', 'duplicate', 'contradicted', 'ignored', 'rejected']
  expect(tabs).toEqual([others, ...outcomes.map((outcome) => ({ ...others, outcome }))])
  const { fileId: _, ...hidden } = others
  for (const [name, value] of Object.entries({ ...hidden, outcome: 'applied' }))
    expect(html).toContain(`<input type="hidden" name="${name}" value="${value}"/>`)
})

test('if no delivery matches a filter by cause, the page does not say that there are no webhooks yet', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', FILE_ID)
  const { html } = await browser.get('/admin/deliveries?cause=not_json')
  expect(readText(html)).toContain('No deliveries match')
  expect(readText(html)).not.toContain('No webhooks yet')
})

test('the page of a delivery shows its headers and its body, indented and as received', async () => {
  const { tracker, browser } = await startSignedIn()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const body =
    '{"service":"remove-bg","status":"FAILURE","fileId":"5effaa5662679b5af2c58829","error":{"message":"no","size":12345678901234567890}}'
  await deliver(webhookUrl, body, { 'content-type': 'application/json', 'webhook-id': 'msg_shown' })
  const [href = ''] = deliveryLinksIn((await browser.get('/admin/deliveries')).html)
  const { html } = await browser.get(href)
  expect(readText(html)).toContain('{ "service": "remove-bg", "status": "FAILURE",')
  expect(readText(html)).toContain(body)
  expect(readText(html)).toMatch(/webhook-id msg_shown/)
  expect(html).toMatch(/\n {2}&quot;service&quot;: &quot;remove-bg&quot;/)
})

test('the page of a rejected delivery shows its cause, not its signature, and replays it once the cause is fixed', async () => {
  const secret = 'whsec_right_secret'
  const broken = await startTracker({ IMAGEKIT_WEBHOOK_SECRET: 'whsec_other_secret' })
  const before = await signIn(broken)
  const body = accountEvent('file-updated')
  const headers = ikHeaders(body, { secret })
  expect((await deliverEvent(broken, body, headers)).status).toBe(401)
  const list = await vi.waitFor(async () => {
    const page = await before.get('/admin/deliveries?outcome=rejected')
    expect(deliveryLinksIn(page.html)).toHaveLength(1)
    return page
  }, WAIT_FOR_REJECTED)
  expect(readText(list.html)).toContain('The signature matches no IMAGEKIT_WEBHOOK_SECRET')
  const [href = ''] = deliveryLinksIn(list.html)
  const page = await before.get(href)
  expect(readText(page.html)).toContain('The signature matches no IMAGEKIT_WEBHOOK_SECRET')
  expect(page.html).not.toContain(headers['x-ik-signature'].split('v1=')[1])
  const rejected = await before.submit(page, `${href}/replay`)
  expect(rejected.status).toBe(422)
  expect(readText(rejected.html)).toContain('The delivery is still rejected')

  await broken.service.stop()
  const fixed = await startTracker({ IMAGEKIT_WEBHOOK_SECRET: secret }, {}, broken.database)
  const after = await signIn(fixed)
  const replayed = await after.submit(await after.get(href), `${href}/replay`, [['reason', 'secret fixed']])
  expect([replayed.status, replayed.location]).toEqual([303, '/admin/deliveries'])
  const bookmarked = await after.get(href)
  expect([bookmarked.status, readText(bookmarked.html)]).toEqual([200, expect.stringContaining('ignored')])
  expect(deliveryLinksIn((await after.get('/admin/deliveries?outcome=rejected')).html)).toEqual([])
  expect(readText((await after.get('/admin/audit')).html)).toMatch(/operator replayed dlv_/)
})

test('replaying an applied delivery leads to the page of its run, which reports the result', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', FILE_ID)
  const [run] = await listRuns(tracker)
  const [href = ''] = deliveryLinksIn((await browser.get('/admin/deliveries')).html)
  const replayed = await browser.submit(await browser.get(href), `${href}/replay`)
  expect(replayed.location).toBe(`/admin/runs/${run?.runId}`)
  expect(readText((await browser.get(replayed.location ?? '')).html)).toContain('The status has not changed')
})

test('the page of a rejected delivery whose body is too large to be stored says that it is incomplete', async () => {
  const { tracker, browser } = await startSignedIn()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const large = JSON.stringify({ ...payload('remove-bg', 'success'), padding: 'x'.repeat(100_000) })
  expect((await deliver(`${webhookUrl}x`, large)).status).toBe(401)
  const links = async () => deliveryLinksIn((await browser.get('/admin/deliveries?outcome=rejected')).html)
  await vi.waitFor(async () => expect(await links()).toHaveLength(1), WAIT_FOR_REJECTED)
  const text = readText((await browser.get((await links())[0] ?? '')).html)
  expect(text).toContain('Only the first 65,536 bytes are stored, so this delivery cannot be replayed.')
  expect(text).not.toContain('The body as received')
})

test('an asset is forgotten only after a confirmation; then its pages are gone, and no list shows its fileId', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', FILE_ID)
  const path = `/admin/assets/${FILE_ID}`
  expect(readText((await browser.get(path)).html)).toMatch(/Runs external \d{4}-/)
  const preview = await browser.get(`${path}/forget`)
  expect(readText(preview.html)).toContain('This cannot be undone.')
  expect((await browser.get(path)).status).toBe(200)
  const done = await browser.submit(preview, `${path}/forget`, [['reason', 'requested by its owner']])
  expect([done.status, done.location]).toEqual([303, '/admin'])
  expect(readText((await browser.get(done.location ?? '')).html)).toContain('The asset is forgotten')
  for (const gone of [path, `${path}/forget`, `${path}/events`])
    expect((await browser.get(gone)).status).toBe(404)
  for (const page of ['/admin/failures', '/admin/deliveries', '/admin/audit'])
    expect((await browser.get(page)).html, page).not.toContain(FILE_ID)
  expect(readText((await browser.get('/admin/audit')).html)).toContain('requested by its owner')
})
