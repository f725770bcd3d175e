import { expect, test } from 'vitest'
import { readForms, readText } from '../support/html.ts'
import { ask, listRuns } from '../support/operator.ts'
import { openBrowser, signIn } from '../support/operator-browser.ts'
import { ADMIN_KEY } from '../support/tracker.ts'
import { fail, startSignedIn } from './admin-setup.ts'

test('a GET of a path that accepts only a form redirects to the page of the form', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', 'a')
  const [run] = await listRuns(tracker)
  const { json } = await ask<{ deliveries: { deliveryId: string }[] }>(tracker, '/deliveries')
  const delivery = `/admin/deliveries/${json.deliveries[0]?.deliveryId}`
  const redirects: [form: string, page: string][] = [
    ['/admin/retries/preview', '/admin/failures'],
    ['/admin/retries', '/admin/failures'],
    ['/admin/acknowledgements/preview', '/admin/failures'],
    ['/admin/acknowledgements', '/admin/failures'],
    [`/admin/runs/${run?.runId}/retry`, `/admin/runs/${run?.runId}`],
    [`/admin/runs/${run?.runId}/acknowledge`, `/admin/runs/${run?.runId}`],
    [`${delivery}/replay`, delivery],
    ['/admin/sign-out', '/admin'],
  ]
  for (const [form, page] of redirects) {
    const response = await browser.get(form)
    expect([response.status, response.location], form).toEqual([303, page])
    expect((await browser.get(page)).status, page).toBe(200)
  }
  expect(readText((await browser.get('/admin/audit')).html)).toContain('No actions yet')
})

test('a form sent after its session ended survives the sign-in and is sent again only after a confirmation', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', 'a')
  const [run] = await listRuns(tracker)
  const path = `/admin/runs/${run?.runId}`
  const page = await browser.get(path)
  browser.dropCookies()
  const note = 'the camera “was” broken & <b>fixed</b>'
  const rejected = await browser.submit(page, `${path}/acknowledge`, [['note', note]])
  expect(rejected.status).toBe(401)
  expect(readText(rejected.html)).toContain('Your session had ended, so the form was not processed.')

  const wrong = await browser.submit(rejected, '/admin/sign-in', [['key', 'a-wrong-key-0123456789']])
  expect(wrong.status).toBe(401)
  const signedIn = await browser.submit(wrong, '/admin/sign-in', [['key', ADMIN_KEY]])
  expect(signedIn.status).toBe(200)
  expect(readText(signedIn.html)).toContain('The form has not been processed')
  expect(signedIn.html).toContain('value="the camera “was” broken &amp; &lt;b&gt;fixed&lt;/b&gt;"')
  expect(await listRuns(tracker, '?acknowledged=true')).toEqual([])

  const done = await browser.submit(signedIn, `${path}/acknowledge`, [['note', note]])
  expect([done.status, done.location]).toEqual([303, path])
  expect(await listRuns(tracker, '?acknowledged=true')).toHaveLength(1)
  const { json } = await ask<{ entries: { reason: string }[] }>(tracker, '/audit')
  expect(json.entries).toMatchObject([{ reason: note }])
})

test('a selection of a thousand runs survives a sign-in', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', 'a')
  const [run] = await listRuns(tracker)
  const page = await browser.get('/admin/failures?extension=remove-bg')
  browser.dropCookies()
  const others = Array.from({ length: 999 }, (_, index): [string, string] => [
    'runId',
    `run_${index + 1}_AAAAAAAAAAA`,
  ])
  // Only the first of these runs exists.
  const selected: [string, string][] = [['scope', 'some'], ['runId', run?.runId ?? ''], ...others]
  const rejected = await browser.submit(page, '/admin/retries/preview', selected)
  const signedIn = await browser.submit(rejected, '/admin/sign-in', [['key', ADMIN_KEY]])
  expect(readText(signedIn.html)).toContain('Selected runs 1,000')
  const preview = await browser.submit(signedIn, '/admin/retries/preview')
  expect(readText(preview.html)).toContain('Retry one run?')
  expect(readForms(preview.html).flatMap(({ fields }) => fields)).toContainEqual(['extension', 'remove-bg'])
})

test('a form of an earlier session can be sent again in the new session', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', 'a')
  const [run] = await listRuns(tracker)
  const path = `/admin/runs/${run?.runId}`
  const page = await browser.get(path)
  browser.dropCookies()
  await browser.post('/admin/sign-in', [['key', ADMIN_KEY]])
  const stale = await browser.submit(page, `${path}/acknowledge`, [['note', 'known']])
  expect(stale.status).toBe(403)
  expect(stale.html).toContain('value="known"')
  expect(await listRuns(tracker, '?acknowledged=true')).toEqual([])
  expect((await browser.submit(stale, `${path}/acknowledge`)).status).toBe(303)
  expect(await listRuns(tracker, '?acknowledged=true')).toHaveLength(1)
})

test('a form that another site sends is rejected, and the response does not repeat its fields', async () => {
  const { tracker, browser } = await startSignedIn()
  const fields: [string, string][] = [['note', 'forged']]
  for (const sender of [browser, openBrowser(tracker)]) {
    const foreign = await sender.post('/admin/runs/x/acknowledge', fields, { 'sec-fetch-site': 'cross-site' })
    expect([foreign.status, foreign.location]).toEqual([403, null])
    expect(readText(foreign.html)).toContain('This form was sent by another site.')
    expect(foreign.html).not.toContain('forged')
  }
})

test('after a sign-in only forms of the admin pages can be sent again, and not the sign-out', async () => {
  const { tracker } = await startSignedIn()
  for (const to of [
    'https://evil.example/admin/retries',
    '//evil.example/admin/retries',
    '/runs/x/retry',
    '/admin/sign-out',
  ]) {
    const response = await openBrowser(tracker).post('/admin/sign-in', [
      ['key', ADMIN_KEY],
      ['to', to],
      ['form', 'note=forged'],
    ])
    expect([response.status, response.location], to).toEqual([303, '/admin'])
  }
})

test('a notice is shown once: reloading the page does not repeat it, and a URL cannot show it', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', 'a')
  const [run] = await listRuns(tracker)
  const path = `/admin/runs/${run?.runId}`
  const done = await browser.submit(await browser.get(path), `${path}/acknowledge`)
  expect(done.location).toBe(path)
  const notice = 'Acknowledged and removed from open failures.'
  expect(readText((await browser.get(path)).html)).toContain(notice)
  expect(readText((await browser.get(path)).html)).not.toContain(notice)
  const other = await signIn(tracker)
  expect(readText((await other.get(`${path}?notice=acknowledged`)).html)).not.toContain(notice)
})
