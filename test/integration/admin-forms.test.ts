import { expect, test } from 'vitest'
import { readForms, readText } from '../support/html.ts'
import { ask, listRuns } from '../support/operator.ts'
import { openBrowser, signIn } from '../support/operator-browser.ts'
import { ADMIN_KEY } from '../support/tracker.ts'
import { fail, startOperated } from './admin-setup.ts'

test('the address of a form, opened by itself, leads back to its page', async () => {
  const { tracker, browser } = await startOperated()
  await fail(tracker, 'remove-bg', 'a')
  const [run] = await listRuns(tracker)
  const { json } = await ask<{ deliveries: { deliveryId: string }[] }>(tracker, '/deliveries')
  const delivery = `/admin/deliveries/${json.deliveries[0]?.deliveryId}`
  const back: [form: string, page: string][] = [
    ['/admin/retries/preview', '/admin/failures'],
    ['/admin/retries', '/admin/failures'],
    ['/admin/acknowledgements/preview', '/admin/failures'],
    ['/admin/acknowledgements', '/admin/failures'],
    [`/admin/runs/${run?.runId}/retry`, `/admin/runs/${run?.runId}`],
    [`/admin/runs/${run?.runId}/acknowledge`, `/admin/runs/${run?.runId}`],
    [`${delivery}/replay`, delivery],
    ['/admin/sign-out', '/admin'],
  ]
  for (const [form, page] of back) {
    const answer = await browser.get(form)
    expect([answer.status, answer.location], form).toEqual([303, page])
    expect((await browser.get(page)).status, page).toBe(200)
  }
  expect(readText((await browser.get('/admin/audit')).html)).toContain('Nobody has done anything yet')
})

test('a form that was sent after its session is kept for the sign-in, and sent only if the operator says so', async () => {
  const { tracker, browser } = await startOperated()
  await fail(tracker, 'remove-bg', 'a')
  const [run] = await listRuns(tracker)
  const path = `/admin/runs/${run?.runId}`
  const page = await browser.get(path)
  browser.dropCookies()
  const note = 'the camera “was” broken & <b>mended</b>'
  const refused = await browser.submit(page, `${path}/acknowledge`, [['note', note]])
  expect(refused.status).toBe(401)
  expect(readText(refused.html)).toContain('Your session is over, so nothing was done yet.')

  const wrong = await browser.submit(refused, '/admin/sign-in', [['key', 'a-wrong-key-0123456789']])
  expect(wrong.status).toBe(401)
  const entered = await browser.submit(wrong, '/admin/sign-in', [['key', ADMIN_KEY]])
  expect(entered.status).toBe(200)
  expect(readText(entered.html)).toContain('The form was not sent yet')
  expect(entered.html).toContain('value="the camera “was” broken &amp; &lt;b&gt;mended&lt;/b&gt;"')
  expect(await listRuns(tracker, '?acknowledged=true')).toEqual([])

  const done = await browser.submit(entered, `${path}/acknowledge`, [['note', note]])
  expect([done.status, done.location]).toEqual([303, path])
  expect(await listRuns(tracker, '?acknowledged=true')).toHaveLength(1)
  const { json } = await ask<{ acts: { reason: string }[] }>(tracker, '/audit')
  expect(json.acts).toMatchObject([{ reason: note }])
})

test('the runs that were ticked survive a sign-in too, a thousand of them', async () => {
  const { tracker, browser } = await startOperated()
  await fail(tracker, 'remove-bg', 'a')
  const [run] = await listRuns(tracker)
  const page = await browser.get('/admin/failures?extension=remove-bg')
  browser.dropCookies()
  const others = Array.from({ length: 999 }, (_, index): [string, string] => [
    'runId',
    `run_${index + 1}_AAAAAAAAAAA`,
  ])
  const ticked: [string, string][] = [['scope', 'some'], ['runId', run?.runId ?? ''], ...others]
  const refused = await browser.submit(page, '/admin/retries/preview', ticked)
  const entered = await browser.submit(refused, '/admin/sign-in', [['key', ADMIN_KEY]])
  expect(readText(entered.html)).toContain('Ticked runs 1,000')
  const preview = await browser.submit(entered, '/admin/retries/preview')
  expect(readText(preview.html)).toContain('Retry one run?')
  expect(readForms(preview.html).flatMap(({ fields }) => fields)).toContainEqual(['extension', 'remove-bg'])
})

test('a form of an earlier session is kept for the new one', async () => {
  const { tracker, browser } = await startOperated()
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

test('a form of another site is not kept, and a sign-in leads to no address but that of a form', async () => {
  const { tracker } = await startOperated()
  const browser = openBrowser(tracker)
  const fields: [string, string][] = [['note', 'planted']]
  const foreign = await browser.post('/admin/runs/x/acknowledge', fields, { 'sec-fetch-site': 'cross-site' })
  expect([foreign.status, foreign.location]).toEqual([303, '/admin/sign-in'])
  for (const to of [
    'https://evil.example/admin/retries',
    '//evil.example/admin/retries',
    '/runs/x/retry',
    '/admin/sign-out',
  ]) {
    const answer = await openBrowser(tracker).post('/admin/sign-in', [
      ['key', ADMIN_KEY],
      ['to', to],
      ['form', 'note=planted'],
    ])
    expect([answer.status, answer.location], to).toEqual([303, '/admin'])
  }
})

test('a notice is shown once: a page that is loaded again does not repeat it', async () => {
  const { tracker, browser } = await startOperated()
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
