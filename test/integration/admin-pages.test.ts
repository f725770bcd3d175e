import { expect, test } from 'vitest'
import { TrackerError } from '../../src/domain/errors.ts'
import { createTestDatabase } from '../support/database.ts'
import { readLinks, readTags, readText } from '../support/html.ts'
import { listRuns } from '../support/operator.ts'
import { openBrowser, type Page, signIn } from '../support/operator-browser.ts'
import { startTracker } from '../support/tracker.ts'
import { openWatchedStore } from '../support/watched-store.ts'
import { deliver, FILE_ID, payload, register } from '../support/webhooks.ts'
import { fail, startSignedIn } from './admin-setup.ts'

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

/** Checks that apply to every page. */
function expectSafe({ headers, html }: Page, path: string): void {
  expect(headers.get('content-security-policy'), path).toBe(POLICY)
  expect(headers.get('referrer-policy')).toBe('no-referrer')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('x-frame-options')).toBe('DENY')
  expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
  expect(headers.get('strict-transport-security')).toBeNull()
  expect(headers.get('content-type')).toBe('text/html; charset=UTF-8')
  for (const { name, attributes } of readTags(html)) {
    expect(name, path).not.toMatch(/^(style|iframe|object|embed|base)$/)
    for (const [attribute, value] of Object.entries(attributes)) {
      expect(attribute, path).not.toMatch(/^(style$|on|srcdoc$)/)
      if (['href', 'src', 'action', 'formaction'].includes(attribute))
        expect(value).toMatch(/^(\/admin|#main)/)
    }
  }
  // The only script is a file: its element is empty.
  const scripts = [...html.matchAll(/<script[^>]*>([^<]*)</g)].map(([, text]) => text)
  expect(scripts, path).toEqual([''])
  expect(html.match(/<h1/g), path).toHaveLength(1)
  expect(html).toContain('<a class="skip" href="#main">')
}

test('pages, including error pages, have a strict Content-Security-Policy, no inline scripts or styles, and nothing from other sites', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', FILE_ID)
  const { webhookUrl } = await register(tracker, ['aws-auto-tagging'])
  await deliver(webhookUrl, payload('aws-auto-tagging', 'success'))
  const [run] = await listRuns(tracker, '?status=failed')
  const [delivery = ''] = readLinks((await browser.get('/admin/deliveries')).html).filter((href) =>
    /\/deliveries\/./.test(href),
  )
  const paths: [string, number][] = [
    ['/admin', 200],
    ['/admin?window=7d', 200],
    // Empty and unknown parameters are ignored.
    ['/admin?window=&utm_source=chat', 200],
    ['/admin/failures?utm_source=chat&limit=', 200],
    ['/admin?window=30d', 200],
    ['/admin/failures', 200],
    ['/admin/failures?group=cause', 200],
    ['/admin/failures?status=any&acknowledged=any', 200],
    [`/admin/runs/${run?.runId}`, 200],
    [`/admin/assets/${FILE_ID}`, 200],
    [`/admin/assets/${FILE_ID}/forget`, 200],
    ['/admin/deliveries', 200],
    [delivery, 200],
    ['/admin/audit', 200],
    ['/admin?window=5m', 400],
    ['/admin/failures?status=sideways', 400],
    ['/admin/failures?since=yesterday', 400],
    ['/admin/failures?cursor=x', 400],
    ['/admin/deliveries?outcome=odd', 400],
    ['/admin/nothing', 404],
    ['/admin/runs/x', 404],
    ['/admin/assets/x', 404],
    ['/admin/deliveries/x', 404],
    ['/admin/retries/x', 404],
  ]
  for (const [path, status] of paths) {
    const page = await browser.get(path)
    expect(page.status, path).toBe(status)
    expectSafe(page, path)
  }
  const signInPage = await openBrowser(tracker).get('/admin/sign-in')
  expectSafe(signInPage, 'sign-in')
  const notAForm = await browser.post('/admin/retries', [], { 'content-type': 'text/plain' })
  expect(notAForm.status).toBe(415)
  expectSafe(notAForm, 'not a form')
  const foreign = await browser.post('/admin/retries', [], { 'sec-fetch-site': 'cross-site' })
  expect(foreign.status).toBe(403)
  expectSafe(foreign, 'another site')
  const local = await startTracker({ TRACKER_API_KEY: '', TRACKER_ADMIN_KEY: '' })
  const forwarded = await openBrowser(local).post('/admin', [], { 'x-forwarded-for': '192.0.2.1' })
  expect(forwarded.status).toBe(403)
  expectSafe(forwarded, 'not local')
})

test('stylesheet, script and icon are cached for a year under a URL with their hash, and another hash gets 404', async () => {
  const { tracker, browser } = await startSignedIn()
  const tags = readTags((await browser.get('/admin')).html)
  const files = tags.flatMap(({ name, attributes }) =>
    name === 'script' ? (attributes['src'] ?? []) : name === 'link' ? (attributes['href'] ?? []) : [],
  )
  expect(files).toHaveLength(3)
  for (const path of files) {
    const response = await fetch(tracker.url + path)
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(response.headers.get('content-type')).toMatch(/^(text\/css|text\/javascript|image\/svg\+xml)/)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect((await response.text()).length).toBeGreaterThan(100)
    const stale = path.replace(/[0-9a-f]{16}/, '0'.repeat(16))
    expect((await fetch(tracker.url + stale)).status).toBe(404)
  }
})

test('empty pages say what they would list or what to do', async () => {
  const { browser } = await startSignedIn()
  const texts: [string, string][] = [
    ['/admin', 'No runs in the last 24 hours'],
    ['/admin', 'All clear'],
    ['/admin/failures', 'No open failures'],
    ['/admin/failures?status=expired', 'No expired runs'],
    ['/admin/failures?extension=remove-bg', 'Remove a filter'],
    ['/admin/failures?q=shirt', 'the beginning of a file name'],
    ['/admin/failures?group=cause', 'No runs match'],
    ['/admin/deliveries', 'check that PUBLIC_URL is reachable'],
    ['/admin/deliveries?outcome=rejected', 'No rejected webhooks'],
    ['/admin/deliveries?outcome=applied', 'Choose another outcome'],
    ['/admin/audit', 'No actions yet'],
  ]
  for (const [path, text] of texts) expect(readText((await browser.get(path)).html), path).toContain(text)
})

test('the overview has counts, a chart with its table, and links to pages that exist', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', 'a')
  await fail(tracker, 'remove-bg', 'b')
  const { webhookUrl } = await register(tracker, ['aws-auto-tagging'])
  await deliver(webhookUrl, payload('aws-auto-tagging', 'success'))
  await register(tracker, ['google-auto-tagging'], 'c')
  const page = await browser.get('/admin')
  const text = readText(page.html)
  expect(text).toContain('2 failed runs need attention')
  expect(text).toMatch(
    /failed 2 in this period · 2 total expired 0 in this period · 0 total pending 1 now success 1 in this period · 1 total/,
  )
  expect(text).toMatch(/View as table .*From Succeeded Failed \d{4}-\d\d-\d\d \d\d:00:00 UTC 1 2 /)
  expect(text).toMatch(/broken remove-bg 2 2 /)
  expect(page.html).toContain('aria-label="1 succeeded, 2 failed; at most 2 in one bar.')
  const [pending] = await listRuns(tracker, '?status=pending')
  const links = readLinks(page.html)
  expect(links).toContain(`/admin/runs/${pending?.runId}`)
  expect(links).toContain('/admin/failures?acknowledged=any&extension=remove-bg&cause=broken')
  for (const href of links) {
    if (href.startsWith('/')) expect((await browser.get(href)).status, href).toBe(200)
  }
  for (const [window, per] of [
    ['7d', 'per 6 hours'],
    ['30d', 'per day'],
  ])
    expect(readText((await browser.get(`/admin?window=${window}`)).html)).toContain(per)
})

test('each number on the overview that links to a list of runs equals the total of this list, even if some failures are older than the period', async () => {
  const now = Date.now()
  let ageMs = 3 * 86_400_000
  const tracker = await startTracker({}, { clock: () => now - ageMs })
  await fail(tracker, 'remove-bg', 'old-1')
  await fail(tracker, 'remove-bg', 'old-2')
  ageMs = 0
  await fail(tracker, 'remove-bg', 'new')
  await register(tracker, ['remove-bg'], 'pending')
  const browser = await signIn(tracker)
  const { html } = await browser.get('/admin')
  const text = readText(html)
  expect(text).toContain('failed 1 in this period · 3 total')
  expect(text).toContain('pending 1 now')
  expect(text).toMatch(/broken remove-bg 1 3 /)
  expect(text).toContain('3 failed runs need attention')
  const counts = new Map<string, string>()
  for (const [, href = '', label = ''] of html.matchAll(/<a href="([^"]*)">\s*([^<]*\d[^<]*)<\/a>/g))
    if (href.startsWith('/admin/failures'))
      counts.set(href.replaceAll('&amp;', '&'), /\d+/.exec(label)?.[0] ?? '')
  expect(counts.size).toBeGreaterThanOrEqual(5)
  for (const [href, count] of counts)
    expect(readText((await browser.get(href)).html), href).toContain(` ${count} total`)
})

test('the overview shows the twenty most frequent causes, and links to the list of all causes', async () => {
  const { tracker, browser } = await startSignedIn()
  for (let index = 0; index < 21; index += 1)
    await fail(tracker, 'remove-bg', `file-${index}`, {
      message: 'no',
      reason: `cause_${'x'.repeat(index + 1)}`,
    })
  const { html } = await browser.get('/admin')
  expect(readText(html)).toContain('The 20 most frequent of 21 causes in this period.')
  expect(readLinks(html)).toContain('/admin/failures?acknowledged=any&group=cause')
})

test('while the store is unavailable, a page gets 503 and says what to check; an internal error shows only its request id', async () => {
  const database = await createTestDatabase()
  const watched = await openWatchedStore(database)
  const broken = new Error('disk I/O error')
  const store = { ...watched.store, listAuditEntries: () => Promise.reject(broken), readStats: unavailable }
  const tracker = await startTracker({}, { store }, database)
  const browser = await signIn(tracker)
  const page = await browser.get('/admin')
  expect([page.status, page.headers.get('retry-after')]).toEqual([503, '5'])
  expectSafe(page, 'store')
  expect(readText(page.html)).toContain('Check whether the disk is full')
  const internal = await browser.get('/admin/audit')
  expect(internal.status).toBe(500)
  expect(internal.html).not.toContain('disk I/O error')
  expect(readText(internal.html)).toContain(internal.headers.get('x-request-id') ?? 'none')
})

async function unavailable(): Promise<never> {
  throw new TrackerError('store_unavailable', 'The disk is full.')
}
