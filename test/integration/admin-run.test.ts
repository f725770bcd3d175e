import { expect, test } from 'vitest'
import { readForms, readLinks, readTags, readText } from '../support/html.ts'
import { listRuns } from '../support/operator.ts'
import { signIn } from '../support/operator-browser.ts'
import { startTrackerAndSandbox } from '../support/tracker.ts'
import { deliver, FILE_ID, payload, register } from '../support/webhooks.ts'
import { fail, startSignedIn } from './admin-setup.ts'
import { uploadWith } from './reconcile-setup.ts'

test('the page of a run shows its timeline, the error as received, and how to retry it from a terminal', async () => {
  const { tracker, browser } = await startSignedIn()
  const { submissionId, webhookUrl } = await register(tracker, ['remove-bg', 'aws-auto-tagging'])
  await deliver(webhookUrl, payload('remove-bg', 'failure'))
  await deliver(webhookUrl, payload('remove-bg', 'failure'))
  await deliver(webhookUrl, payload('aws-auto-tagging', 'success'))
  const [run] = await listRuns(tracker, '?extension=remove-bg')
  const page = await browser.get(`/admin/runs/${run?.runId}`)
  const text = readText(page.html)
  expect(text).toMatch(/^ ?remove-bg failed /)
  const error = JSON.stringify(payload('remove-bg', 'failure')['error'], null, 2)
  expect(text).toContain(error.replace(/\s+/g, ' '))
  expect(text).toMatch(
    /Requested by app via direct upload .*Webhook applied .*Settled failed by a webhook .*Webhook duplicate /s,
  )
  expect(text).toContain('Retry from a terminal')
  expect(text).toContain(
    `curl -X POST '${tracker.url}/runs/${run?.runId}/retry' -H "Authorization: Bearer $ADMIN_KEY"`,
  )
  expect(text).toContain(`Submission ${submissionId} external,`)
  expect(text).toMatch(/Other extensions in this request success aws-auto-tagging/)
  expect(text).toContain('Cost: 130 extension units')
  const links = readLinks(page.html)
  expect(links).toContain(`/admin/assets/${FILE_ID}`)
  expect(links.some((href) => /^\/admin\/failures\?.*extension=remove-bg&cause=./.test(href))).toBe(true)
  // Each of the run's two deliveries is linked twice: in the timeline and in the list of webhooks.
  expect(links.filter((href) => href.startsWith('/admin/deliveries/')).length).toBeGreaterThanOrEqual(4)
  for (const href of links.filter((link) => link.startsWith('/')))
    expect((await browser.get(href)).status).toBe(200)
  const times = readTags(page.html).filter(({ name }) => name === 'time')
  for (const { attributes } of times) {
    expect(attributes['datetime']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    expect(attributes['title']).toMatch(/^\d{4}-\d\d-\d\d [\d:.]+ UTC$/)
  }
})

test('a failed run is retried with one form, and its new run settles', async () => {
  const { tracker } = await startTrackerAndSandbox()
  const browser = await signIn(tracker)
  const { fileId } = await uploadWith(tracker, ['remove-bg', 'aws-auto-tagging'], {
    tags: 'sandbox:delay=1,sandbox:remove-bg=failed',
  })
  await tracker.fetch(`/assets/${fileId}/status?wait=10`)
  const [failed] = await listRuns(tracker, '?status=failed')
  const page = await browser.get(`/admin/runs/${failed?.runId}`)
  const retried = await browser.submit(page, `/admin/runs/${failed?.runId}/retry`, [['reason', 'try again']])
  expect(retried.status).toBe(303)
  const next = await browser.get(retried.location ?? '')
  expect(readText(next.html)).toContain('Retry sent to ImageKit')
  expect(readText(next.html)).toContain('attempt 2')
  const old = await browser.get(`/admin/runs/${failed?.runId}`)
  expect(readText(old.html)).toContain('operator retried it “ try again ”')
  expect(readText(old.html)).toContain('A newer run of this extension has replaced this one')
  expect(readText(old.html)).not.toContain('Retry from a terminal')
  const [newRun] = (await listRuns(tracker)).filter(({ attempt }) => attempt === 2)
  expect(readLinks(old.html)).toContain(`/admin/runs/${newRun?.runId}`)
  expect(readForms(old.html).map(({ action }) => action)).not.toContain(`/admin/runs/${failed?.runId}/retry`)
  await expect
    .poll(async () => readText((await browser.get(`/admin/runs/${newRun?.runId}`)).html))
    .toMatch(/Settled (failed|success) by a webhook/)
  const asset = readText((await browser.get(`/admin/assets/${fileId}`)).html)
  // The retry has acknowledged the run that it repeats.
  expect(asset).toMatch(/update .*remove-bg attempt 2 .*upload .*failed acknowledged superseded remove-bg/s)
})

test('a retry that is not possible is rejected with a page that explains why', async () => {
  const { tracker, browser } = await startSignedIn()
  await register(tracker, ['remove-bg'])
  await fail(tracker, 'aws-auto-tagging', 'old')
  await fail(tracker, 'aws-auto-tagging', 'old')
  const [, old] = await listRuns(tracker, '?status=failed')
  const [pending] = await listRuns(tracker, '?status=pending')
  // The pages of these runs have no form for a retry, so the CSRF token comes from another form of the session.
  const signOutForm = readForms((await browser.get('/admin')).html).find(
    ({ action }) => action === '/admin/sign-out',
  )
  const retry = (runId = '') => browser.post(`/admin/runs/${runId}/retry`, signOutForm?.fields ?? [])
  const expected: [string | undefined, number, string][] = [
    [pending?.runId, 409, 'The run’s page updates itself when the run settles'],
    [old?.runId, 409, 'Open the asset to see the run that replaced this one'],
    ['nothing', 404, 'There is no run nothing.'],
  ]
  for (const [runId, status, text] of expected) {
    const page = await retry(runId)
    expect(page.status).toBe(status)
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(readText(page.html)).toContain(text)
  }
})

test('a run is acknowledged with a note, which its timeline shows', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', FILE_ID)
  const [run] = await listRuns(tracker)
  const path = `/admin/runs/${run?.runId}`
  const done = await browser.submit(await browser.get(path), `${path}/acknowledge`, [['note', 'known']])
  expect(done.location).toBe(path)
  const text = readText((await browser.get(done.location ?? '')).html)
  expect(text).toContain('operator acknowledged it “ known ”')
})

test('a retry with a reason that is too long is rejected, and the page says how long it may be', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', FILE_ID)
  const [run] = await listRuns(tracker)
  const path = `/admin/runs/${run?.runId}`
  const reason = 'x'.repeat(2001)
  const tooLong = await browser.submit(await browser.get(path), `${path}/retry`, [['reason', reason]])
  expect(tooLong.status).toBe(400)
  expect(readText(tooLong.html)).toContain('reason must have at most 2000 characters')
})

test('the acknowledgement of a run is revoked with a reason, which its timeline shows', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', FILE_ID)
  const [run] = await listRuns(tracker)
  const path = `/admin/runs/${run?.runId}`
  const actionsOf = (html: string) => readForms(html).map(({ action }) => action)
  const open = await browser.get(path)
  expect(actionsOf(open.html)).not.toContain(`${path}/unacknowledge`)
  await browser.submit(open, `${path}/acknowledge`)
  const acknowledged = await browser.get(path)
  expect(actionsOf(acknowledged.html)).not.toContain(`${path}/acknowledge`)
  const fields: [string, string][] = [['reason', 'the wrong run']]
  // Without the CSRF token of the form, nothing is revoked.
  expect((await browser.post(`${path}/unacknowledge`, fields)).status).toBe(403)
  expect(await listRuns(tracker, '?acknowledged=false')).toEqual([])

  const revoked = await browser.submit(acknowledged, `${path}/unacknowledge`, fields)
  expect(revoked).toMatchObject({ status: 303, location: path })
  const text = readText((await browser.get(path)).html)
  expect(text).toContain('Acknowledgement revoked.')
  expect(text).toContain('operator revoked the acknowledgement “ the wrong run ”')
  expect(await listRuns(tracker, '?acknowledged=false')).toMatchObject([{ runId: run?.runId }])
})

test('the page of a pending run has the event stream of its asset, which reports each change and ends once nothing is pending', async () => {
  const { tracker, browser } = await startSignedIn()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const [run] = await listRuns(tracker)
  const path = `/admin/runs/${run?.runId}`
  const main = readTags((await browser.get(path)).html).find(({ name }) => name === 'main')
  const events = main?.attributes['data-events'] ?? ''
  expect(events).toBe(`/admin/assets/${FILE_ID}/events`)
  // Without a session, the stream's path redirects to the sign-in page.
  expect((await fetch(tracker.url + events, { redirect: 'manual' })).status).toBe(303)
  const stream = await fetch(tracker.url + events, { headers: { cookie: browser.cookie() } })
  expect(stream.headers.get('content-type')).toBe('text/event-stream')
  expect(stream.headers.get('content-security-policy')).toContain("default-src 'none'")
  const streamed = stream.text()
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  const statuses = [...(await streamed).matchAll(/^data: (.*)$/gm)].map(
    ([, json = '']) => JSON.parse(json).status,
  )
  expect(statuses).toEqual(['pending', 'success'])
  const settled = await browser.get(path)
  expect(settled.html).not.toContain('data-events')
  expect(readText(settled.html)).toContain('Settled success by a webhook')
  const assetPage = await browser.get(`/admin/assets/${FILE_ID}`)
  expect(assetPage.html).not.toContain('data-events')
})

test('the page of a run without a known file polls for changes: it has no event stream', async () => {
  const { tracker, browser } = await startSignedIn()
  await register(tracker, ['remove-bg'], null)
  const [run] = await listRuns(tracker)
  const { html } = await browser.get(`/admin/runs/${run?.runId}`)
  expect(html).toContain('data-refresh="3"')
  expect(html).not.toContain('data-events')
  expect(readText(html)).toContain('not known yet')
})

test('the page of a pending run that a newer run has replaced polls for changes: it has no event stream', async () => {
  const { tracker, browser } = await startSignedIn()
  const old = await register(tracker, ['remove-bg'])
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  const [run] = await listRuns(tracker, '?status=pending')
  const path = `/admin/runs/${run?.runId}`
  const pending = await browser.get(path)
  expect(pending.html).toContain('data-refresh="3"')
  expect(pending.html).not.toContain('data-events')
  await deliver(old.webhookUrl, payload('remove-bg', 'failure'))
  expect((await browser.get(path)).html).not.toContain('data-refresh')
})

test('the page of a run whose request was rejected says so and does not poll', async () => {
  const { tracker, browser } = await startSignedIn()
  const { submissionId } = await register(tracker, ['remove-bg'], null)
  const body = JSON.stringify({ message: 'Your request is missing a file.' })
  await tracker.fetch(`/submissions/${submissionId}/response`, { method: 'PUT', body })
  const [run] = await listRuns(tracker, `?q=${submissionId}`)
  const { html } = await browser.get(`/admin/runs/${run?.runId}`)
  expect(readText(html)).toContain(
    'ImageKit rejected or did not receive the request, so this extension never ran',
  )
  expect(readText(html)).toContain('Your request is missing a file.')
  expect(html).not.toMatch(/data-refresh|data-events|Still pending/)
})

test('the page of a run links to its file at ImageKit only if the URL came from ImageKit itself', async () => {
  const { tracker, sandboxUrl } = await startTrackerAndSandbox()
  const browser = await signIn(tracker)
  await uploadWith(tracker, ['remove-bg'], { tags: 'sandbox:delay=1' })
  const external = await register(tracker, ['remove-bg'], null)
  await tracker.fetch(`/submissions/${external.submissionId}/response`, {
    method: 'PUT',
    body: JSON.stringify({ fileId: 'file-1', name: 'a.png', url: 'https://elsewhere.example/a.png' }),
  })
  const [other, own] = await listRuns(tracker, '?extension=remove-bg')
  const externalLinks = async (runId = '') =>
    readLinks((await browser.get(`/admin/runs/${runId}`)).html).filter((href) => href.startsWith('http'))
  const [link, ...others] = await externalLinks(own?.runId)
  expect(link).toContain(`${sandboxUrl}/`)
  expect(others).toEqual([])
  expect((await fetch(link ?? '')).status).toBe(200)
  expect(await externalLinks(other?.runId)).toEqual([])
})
