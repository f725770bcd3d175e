import { expect, test } from 'vitest'
import { readForms, readTags, readText } from '../support/html.ts'
import { listRuns } from '../support/operator.ts'
import { openBrowser } from '../support/operator-browser.ts'
import { deliver, register } from '../support/webhooks.ts'
import { fail, startSignedIn } from './admin-setup.ts'

const SCRIPT = '"\'><script>alert(1)</script><img src=x onerror=alert(1)>'
/** A name with a right-to-left override, an isolate, a control character and a left-to-right mark. */
const REORDERED = 'photo\u202Egnp.exe\u2066\u0007\u200E'

/** Expects that no untrusted text became an element or an attribute. Each page has one script of its own. */
function expectInert(html: string): void {
  const tags = readTags(html)
  expect(tags.filter(({ name }) => name === 'script')).toHaveLength(1)
  expect(tags.filter(({ name }) => name === 'img')).toEqual([])
  expect(
    tags.flatMap(({ attributes }) => Object.keys(attributes)).filter((name) => name.startsWith('on')),
  ).toEqual([])
  expect(html).not.toContain('<script>alert')
  expect(html).not.toContain('<img')
}

test('scripts and direction marks in names, errors, ids and notes are shown and have no effect', async () => {
  const { tracker, browser } = await startSignedIn()
  const service = `tagger ${SCRIPT}${REORDERED}`
  // A fileId has no slashes or control characters.
  const fileId = `file ${SCRIPT}${REORDERED}`.replaceAll('/', '').replaceAll('\u0007', '')
  await fail(tracker, service, fileId, { message: SCRIPT + REORDERED, reason: SCRIPT + REORDERED })
  const [run] = await listRuns(tracker)
  const path = `/admin/runs/${run?.runId}`
  const asset = `/admin/assets/${encodeURIComponent(fileId)}`
  await browser.submit(await browser.get(path), `${path}/acknowledge`, [['note', SCRIPT + REORDERED]])
  const deliveries = await browser.get(`/admin/deliveries?fileId=${encodeURIComponent(fileId)}`)
  const [delivery = ''] = /\/admin\/deliveries\/dlv_[\w-]+/.exec(deliveries.html) ?? []
  const anyRun = 'status=any&acknowledged=any'
  const pages = [
    '/admin',
    `/admin/failures?${anyRun}`,
    `/admin/failures?${anyRun}&group=cause`,
    `/admin/failures?${anyRun}&extension=${encodeURIComponent(service)}&q=${encodeURIComponent(fileId)}`,
    path,
    asset,
    `${asset}/forget`,
    '/admin/deliveries',
    delivery,
    '/admin/audit',
  ]
  for (const page of pages) {
    const { status, html } = await browser.get(page)
    expect(status, page).toBe(200)
    expectInert(html)
    // Only the values of form fields have the invisible characters themselves. Texts have their code points, such as U+202E.
    const shown = html.replace(/ value="[^"]*"/g, '')
    expect(shown, page).not.toMatch(/\p{Cf}|(?![\n\t])\p{Cc}/u)
    expect(readText(html), page).toContain('alert(1)')
    expect(readText(html), page).toContain('U+202E')
  }
  expect((await browser.get(asset)).html).toContain('<bdi>file &quot;')
})

test('scripts in a path or a query have no effect, and the search box repeats them as text', async () => {
  const { tracker, browser } = await startSignedIn()
  const page = await browser.get(`/admin/failures?q=${encodeURIComponent(SCRIPT)}`)
  expectInert(page.html)
  const box = readTags(page.html).find(({ attributes }) => attributes['id'] === 'search')
  expect(box?.attributes['value']).toBe(SCRIPT)
  for (const name of ['status', 'extension', 'cause', 'since', 'group', 'notice', 'cursor', 'window']) {
    const filtered = await browser.get(`/admin/failures?${name}=${encodeURIComponent(SCRIPT)}`)
    expectInert(filtered.html)
  }
  expectInert((await browser.get(`/admin/${encodeURIComponent(SCRIPT)}`)).html)
  expectInert((await browser.get(`/admin/runs/${encodeURIComponent(SCRIPT)}`)).html)
  expectInert((await openBrowser(tracker).get(`/admin/sign-in?to=${encodeURIComponent(SCRIPT)}`)).html)
})

test('hostile filter values select only the runs that match and add no fields to the form', async () => {
  const { tracker, browser } = await startSignedIn()
  const name = 'x"><input name=scope value=all>'
  await fail(tracker, name, 'a')
  await fail(tracker, 'remove-bg', 'b')
  const list = await browser.get(`/admin/failures?extension=${encodeURIComponent(name)}`)
  const preview = await browser.submit(list, '/admin/retries/preview', [['scope', 'all']])
  expect(readText(preview.html)).toContain('Retry one run?')
  const form = readForms(preview.html).find(({ action }) => action === '/admin/retries')
  expect(form?.fields.filter(([field]) => field !== 'csrfToken')).toEqual([
    ['scope', 'all'],
    ['extension', name],
    ['shownTotal', '1'],
  ])
})

test('the start of a body that is deeply nested, long or full of brackets is shown as received, and the page stays small', async () => {
  const { tracker, browser } = await startSignedIn()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  // None is indented: a body must not be nested deeper than 40 or be longer than 64 KiB.
  const bodies = [
    `{"a":${'['.repeat(400)}${'0,'.repeat(2000)}0${']'.repeat(400)}}`,
    `{"a":"${'x'.repeat(900_000)}"}`,
    `{"a":"]]]]}}}","b":${'['.repeat(60)}${']'.repeat(60)}}`,
  ]
  for (const body of bodies) {
    expect((await deliver(webhookUrl, body)).status).toBe(200)
    const { html } = await browser.get('/admin/deliveries')
    const [href = ''] = /\/admin\/deliveries\/dlv_[\w-]+/.exec(html) ?? []
    const page = await browser.get(href)
    expect(page.status).toBe(200)
    expect(page.html.length).toBeLessThan(300_000)
    expect(readText(page.html)).toContain(body.slice(0, 200))
    // A page shows at most the first 256 KiB of a body.
    expect(page.html.includes('the text is too long for a page')).toBe(body.length > 256 * 1024)
  }
})
