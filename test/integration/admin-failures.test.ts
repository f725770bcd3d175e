import { expect, test } from 'vitest'
import { readForms, readLinks, readTags, readText } from '../support/html.ts'
import { listRuns } from '../support/operator.ts'
import { type Page, signIn } from '../support/operator-browser.ts'
import { startTrackerAndSandbox } from '../support/tracker.ts'
import { type Entry, FILE, upload } from '../support/uploads.ts'
import { deliver, register } from '../support/webhooks.ts'
import { fail, startSignedIn } from './admin-setup.ts'

/** The ids of the runs that the page lists. */
function idsOf({ html }: Page): string[] {
  return readLinks(html).flatMap((href) => /^\/admin\/runs\/([\w-]+)$/.exec(href)?.[1] ?? [])
}

/** The hidden fields of the form around the list, whose buttons retry or acknowledge the runs. */
function listFields({ html }: Page): [string, string][] {
  return readForms(html).find(({ action }) => action === '/admin/retries/preview')?.fields ?? []
}

test('the list shows unacknowledged failures by default, newest first', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', 'a')
  await fail(tracker, 'aws-auto-tagging', 'b')
  const { webhookUrl } = await register(tracker, ['remove-bg'], 'c')
  await deliver(webhookUrl, { service: 'remove-bg', status: 'SUCCESS', fileId: 'c' })
  await register(tracker, ['remove-bg'], 'd')
  const page = await browser.get('/admin/failures')
  const failed = await listRuns(tracker, '?status=failed')
  expect(idsOf(page)).toEqual(failed.map(({ runId }) => runId))
  expect(readText(page.html)).toContain('2 total')
  expect(readText(page.html)).toMatch(
    /failed aws-auto-tagging b aws-auto-tagging could not do it broken \d{4}-/,
  )
  expect(readLinks(page.html)).toEqual(
    expect.arrayContaining(failed.map(({ runId }) => `/admin/runs/${runId}`)),
  )
})

test('each filter is in the URL, and the list equals that of the API', async () => {
  const { tracker, browser } = await startSignedIn()
  for (const [service, fileId] of [
    ['remove-bg', 'a'],
    ['aws-auto-tagging', 'a'],
    ['remove-bg', 'b'],
  ] as const)
    await fail(tracker, service, fileId, { message: 'no', reason: fileId === 'a' ? 'dark' : 'bright' })
  await register(tracker, ['remove-bg'], 'c')
  const [newest] = await listRuns(tracker, '?status=failed')
  await browser.submit(
    await browser.get(`/admin/runs/${newest?.runId}`),
    `/admin/runs/${newest?.runId}/acknowledge`,
  )
  const anyRun = 'status=any&acknowledged=any'
  const filters: [page: string, api: string][] = [
    ['', '?status=failed&acknowledged=false'],
    ['?acknowledged=true', '?status=failed&acknowledged=true'],
    ['?acknowledged=any', '?status=failed'],
    // The default, only unacknowledged runs, excludes no pending run: none can be acknowledged.
    ['?status=pending', '?status=pending'],
    [`?${anyRun}`, ''],
    [`?${anyRun}&extension=remove-bg`, '?extension=remove-bg'],
    [`?${anyRun}&contradicted=true`, '?contradicted=true'],
    ['?cause=dark', '?status=failed&acknowledged=false&cause=dark'],
    [
      '?extension=remove-bg&cause=dark&since=&until=&q=',
      '?status=failed&acknowledged=false&extension=remove-bg&cause=dark',
    ],
    [`?${anyRun}&q=a`, '?q=a'],
    // Only in `status` and `acknowledged` does `any` mean no filter.
    [`?${anyRun}&q=any`, '?q=any'],
    [`?${anyRun}&extension=any`, '?extension=any'],
    [`?${anyRun}&q=${newest?.runId}`, `?q=${newest?.runId}`],
    [`?${anyRun}&until=2020-01-01T00:00`, '?until=2020-01-01T00:00:00Z'],
    [`?${anyRun}&since=2020-01-01T00:00:00`, '?since=2020-01-01T00:00:00Z'],
  ]
  const lists = new Set<string>()
  for (const [query, apiQuery] of filters) {
    const ids = idsOf(await browser.get(`/admin/failures${query}`))
    expect(ids, query).toEqual((await listRuns(tracker, apiQuery)).map(({ runId }) => runId))
    lists.add(ids.join())
  }
  // The lists would also be equal if no filter had any effect.
  expect(lists.size).toBeGreaterThan(7)
})

test('an active filter has a link that removes it, and the fields of the filter form keep their values', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', 'a')
  const page = await browser.get(
    '/admin/failures?extension=remove-bg&cause=broken&since=2020-01-01T00:00:00Z',
  )
  const links = readLinks(page.html)
  expect(links).toContain('/admin/failures?cause=broken&since=2020-01-01T00%3A00%3A00Z')
  expect(links).toContain('/admin/failures?extension=remove-bg&cause=broken')
  const selected = readTags(page.html).filter(({ attributes }) => 'selected' in attributes)
  expect(selected.map(({ attributes }) => attributes['value'])).toEqual(['remove-bg', 'broken', 'false'])
  expect(page.html).toContain('value="2020-01-01 00:00:00 UTC"')
})

test('a time that the list shows is accepted by its filters', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', 'a')
  const { html } = await browser.get('/admin/failures')
  const [, shown = ''] = /(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC)/.exec(readText(html)) ?? []
  const [, precise = ''] = /title="([^"]* UTC)"/.exec(html) ?? []
  for (const time of [shown, precise]) {
    const query = encodeURIComponent(time)
    const since = await browser.get(`/admin/failures?since=${query}`)
    expect(idsOf(since), time).toHaveLength(1)
    expect(since.html).toContain(`value="${time}"`)
    expect(readText(since.html)).toContain(`since ${time}`)
    expect(idsOf(await browser.get(`/admin/failures?until=${query}`)), time).toEqual([])
  }
})

test('paging through the list skips and repeats no run', async () => {
  const { tracker, browser } = await startSignedIn()
  for (let index = 0; index < 5; index += 1) await fail(tracker, 'remove-bg', `file-${index}`)
  const pagedIds: string[] = []
  let path: string | undefined = '/admin/failures'
  while (path !== undefined) {
    const page: Page = await browser.get(`${path}${path.includes('?') ? '&' : '?'}limit=2`)
    pagedIds.push(...idsOf(page))
    path = readLinks(page.html).find((href) => href.includes('cursor='))
  }
  expect(pagedIds).toEqual((await listRuns(tracker)).map(({ runId }) => runId))
})

test('grouped by cause, the list shows counts, and each group links to its runs', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', 'a', { message: 'no', reason: 'dark' })
  await fail(tracker, 'remove-bg', 'b', { message: 'no', reason: 'dark' })
  await fail(tracker, 'aws-auto-tagging', 'c', { message: 'no', reason: 'large' })
  const page = await browser.get('/admin/failures?group=cause')
  expect(readText(page.html)).toMatch(/dark remove-bg failed 2 .*large aws-auto-tagging failed 1 /)
  const href = '/admin/failures?extension=remove-bg&cause=dark'
  expect(readLinks(page.html)).toContain(href)
  expect(idsOf(await browser.get(href))).toHaveLength(2)
})

/**
 * Starts a tracker with eight failures: of four uploads with two extensions each. Two uploads are two days old and two are new; `since`
 * is a time between them.
 */
async function startWithEightFailures() {
  const now = Date.now()
  let ageMs = 48 * 3_600_000
  const { tracker } = await startTrackerAndSandbox({}, { clock: () => now - ageMs })
  const failAll = async (names: string[]) => {
    for (const name of names)
      await upload(tracker, [
        FILE,
        ['fileName', name],
        ['useUniqueFileName', 'false'],
        ['tags', 'sandbox:delay=1,sandbox:remove-bg=failed,sandbox:ai-auto-description=failed'],
        ['extensions', JSON.stringify([{ name: 'remove-bg' }, { name: 'ai-auto-description' }])],
      ])
    await expect.poll(() => listRuns(tracker, '?status=pending')).toEqual([])
  }
  await failAll(['old-shirt.jpg', 'old-mug.jpg'])
  ageMs = 0
  await failAll(['new-shirt.jpg', 'new-mug.jpg'])
  const since = new Date(now - 3_600_000).toISOString()
  return { tracker, browser: await signIn(tracker), since }
}

test('a retry by cause includes only the shown runs: the search and the times apply too', async () => {
  const { tracker, browser, since } = await startWithEightFailures()
  // A run of remove-bg costs 130 extension units.
  const cases: [query: string, total: number, units: number][] = [
    ['q=new-shirt', 1, 130],
    [`since=${since}`, 2, 260],
    [`until=${since}`, 2, 260],
    [`since=${since}&q=new-m`, 1, 130],
    ['', 4, 520],
  ]
  for (const [query, total, units] of cases) {
    const shown = `/admin/failures?extension=remove-bg&${query}`
    const ids = idsOf(await browser.get(shown))
    expect(ids, query).toHaveLength(total)
    const grouped = await browser.get(`${shown}&group=cause`)
    expect(readText(grouped.html), query).toContain(` ${total} total`)
    expect(readText(grouped.html), query).toMatch(new RegExp(` remove-bg failed ${total} `))
    const [href = ''] = readLinks(grouped.html).filter((link) => /[?&]cause=/.test(link))
    expect(idsOf(await browser.get(href)), query).toEqual(ids)
    const preview = readText((await browser.submit(grouped, '/admin/retries/preview')).html)
    expect(preview, query).toContain(`Retry ${total === 1 ? 'one run' : `${total} runs`}?`)
    expect(preview, query).toContain(`Extension units ${units}`)
  }
  const grouped = await browser.get('/admin/failures?extension=remove-bg&q=new-shirt&group=cause')
  const preview = await browser.submit(grouped, '/admin/retries/preview')
  await browser.submit(preview, '/admin/retries')
  const listRetried = async () => (await listRuns(tracker)).filter(({ attempt }) => attempt === 2)
  await expect.poll(listRetried).not.toEqual([])
  await expect.poll(() => listRuns(tracker, '?status=pending')).toEqual([])
  expect((await listRetried()).map(({ fileName }) => fileName)).toEqual(['new-shirt.jpg'])
})

test('acknowledging by cause includes only the shown runs: the search and the times apply too', async () => {
  const { tracker, browser, since } = await startWithEightFailures()
  const grouped = await browser.get(`/admin/failures?extension=remove-bg&since=${since}&q=new-m&group=cause`)
  const fields = listFields(grouped)
  const preview = await browser.post('/admin/acknowledgements/preview', fields)
  expect(readText(preview.html)).toContain('Acknowledge one run?')
  await browser.submit(preview, '/admin/acknowledgements')
  const acknowledged = await listRuns(tracker, '?acknowledged=true')
  expect(acknowledged.map(({ name, fileName }) => [name, fileName])).toEqual([['remove-bg', 'new-mug.jpg']])
})

test.each([
  ['retries', 'Retry'],
  ['acknowledgements', 'Acknowledge'],
])(
  'if the list has changed since the preview, a confirmation shows a new preview instead of acting: %s',
  async (path, verb) => {
    const { tracker, browser } = await startSignedIn()
    await fail(tracker, 'remove-bg', 'a')
    const list = await browser.get('/admin/failures')
    const fields = listFields(list)
    const preview = await browser.post(`/admin/${path}/preview`, [...fields, ['scope', 'all']])
    await fail(tracker, 'remove-bg', 'b')
    const nextPreview = await browser.submit(preview, `/admin/${path}`, [
      [verb === 'Retry' ? 'reason' : 'note', 'why'],
    ])
    expect(readText(nextPreview.html)).toMatch(new RegExp(`The list has changed.*${verb} 2 runs\\?`))
    expect(nextPreview.html).toContain('value="why"')
    expect(await listRuns(tracker, '?acknowledged=true')).toEqual([])
    expect((await browser.submit(nextPreview, `/admin/${path}`)).status).toBe(303)
  },
)

test('selected runs are acknowledged with a note and removed from the list; their status stays', async () => {
  const { tracker, browser } = await startSignedIn()
  for (const fileId of ['a', 'b', 'c']) await fail(tracker, 'remove-bg', fileId)
  const list = await browser.get('/admin/failures?extension=remove-bg')
  const [unselected, ...selected] = idsOf(list)
  const preview = await browser.post('/admin/acknowledgements/preview', [
    ...listFields(list),
    ['scope', 'some'],
    ...selected.map((runId): [string, string] => ['runId', runId]),
  ])
  expect(readText(preview.html)).toContain('Acknowledge 2 runs?')
  expect(await listRuns(tracker, '?acknowledged=true')).toEqual([])
  const done = await browser.submit(preview, '/admin/acknowledgements', [['note', 'the camera was broken']])
  expect([done.status, done.location]).toEqual([303, '/admin/failures?extension=remove-bg'])
  const after = await browser.get(done.location ?? '')
  expect(idsOf(after)).toEqual([unselected])
  expect(readText(after.html)).toContain('Acknowledged and removed from open failures.')
  const acknowledged = await listRuns(tracker, '?acknowledged=true')
  expect(acknowledged.map(({ runId, status }) => [runId, status])).toEqual(
    selected.map((id) => [id, 'failed']),
  )
  const audit = readText((await browser.get('/admin/audit')).html)
  expect(audit).toMatch(/operator acknowledged 2 runs the camera was broken/)
})

test('acknowledging all that match covers every page of the list and nothing else', async () => {
  const { tracker, browser } = await startSignedIn()
  await Promise.all(Array.from({ length: 205 }, (_, index) => fail(tracker, 'remove-bg', `file-${index}`)))
  await fail(tracker, 'aws-auto-tagging', 'other')
  const list = await browser.get('/admin/failures?extension=remove-bg')
  const preview = await browser.post('/admin/acknowledgements/preview', [
    ...listFields(list),
    ['scope', 'all'],
  ])
  expect(readText(preview.html)).toContain('Acknowledge 205 runs?')
  await browser.submit(preview, '/admin/acknowledgements')
  const open = await listRuns(tracker, '?acknowledged=false&limit=200')
  expect(open.map(({ name }) => name)).toEqual(['aws-auto-tagging'])
})

test('a list of pending runs has no buttons to retry or acknowledge them, because neither is possible', async () => {
  const { tracker, browser } = await startSignedIn()
  await register(tracker, ['remove-bg'], 'a')
  const pending = await browser.get('/admin/failures?status=pending')
  expect(idsOf(pending)).toHaveLength(1)
  expect(readText(pending.html)).not.toMatch(/Retry|Acknowledge…/)
  await fail(tracker, 'remove-bg', 'b')
  expect(readText((await browser.get('/admin/failures')).html)).toMatch(/Retry all….*Acknowledge all…/)
})

test('acknowledging selected runs that are all pending says that nothing was acknowledged', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', 'a')
  const list = await browser.get('/admin/failures')
  await register(tracker, ['remove-bg'], 'b')
  const [pending] = await listRuns(tracker, '?status=pending')
  const preview = await browser.post('/admin/acknowledgements/preview', [
    ...listFields(list),
    ['scope', 'some'],
    ['runId', pending?.runId ?? ''],
  ])
  const response = await browser.submit(preview, '/admin/acknowledgements')
  expect(readText((await browser.get(response.location ?? '')).html)).toContain('Nothing was acknowledged')
})

test('without a selection there is no preview, and the page says that nothing was selected', async () => {
  const { tracker, browser } = await startSignedIn()
  await fail(tracker, 'remove-bg', 'a')
  const list = await browser.get('/admin/failures')
  const response = await browser.submit(list, '/admin/retries/preview', [['scope', 'some']])
  expect(response.location).toBe('/admin/failures')
  expect(readText((await browser.get(response.location ?? '')).html)).toContain('Nothing was selected')
})

test('all failures of a cause are retried after a preview of their cost, and a page shows the progress', async () => {
  const { tracker } = await startTrackerAndSandbox()
  const browser = await signIn(tracker)
  const extensions = JSON.stringify([{ name: 'remove-bg' }, { name: 'ai-auto-description' }])
  for (const name of ['one.jpg', 'two.jpg', 'three.jpg']) {
    const tags = `sandbox:delay=1,sandbox:remove-bg=failed${name === 'one.jpg' ? ',sandbox:ai-auto-description=failed' : ''}`
    const entries: Entry[] = [FILE, ['fileName', name], ['tags', tags], ['extensions', extensions]]
    expect((await upload(tracker, entries)).status).toBe(200)
  }
  await expect.poll(() => listRuns(tracker, '?status=pending')).toEqual([])
  expect(await listRuns(tracker, '?status=failed')).toHaveLength(4)

  const list = await browser.get('/admin/failures')
  const preview = await browser.submit(list, '/admin/retries/preview', [['scope', 'all']])
  expect(readText(preview.html)).toContain('Retry 4 runs?')
  expect(readText(preview.html)).toContain('Extension units 390 plus one run of unknown cost')

  const group = await browser.get('/admin/failures?group=cause')
  const groupPreview = await browser.submit(group, '/admin/retries/preview')
  expect(readText(groupPreview.html)).toMatch(/Retry 3 runs\?.*Extension units 390 Reason/)
  expect(await listRuns(tracker, '?status=pending')).toEqual([])
  const started = await browser.submit(groupPreview, '/admin/retries', [['reason', 'a new licence']])
  expect(started.status).toBe(303)
  expect(started.location).toMatch(/^\/admin\/retries\/[\w-]+$/)
  const first = await browser.get(started.location ?? '')
  expect(first.html).toMatch(/data-refresh="1"|Retries sent/)
  const progress = async () => (await browser.get(started.location ?? '')).html
  await expect.poll(progress).not.toContain('data-refresh')
  const done = readText(await progress())
  expect(done).toContain('Retries sent')
  expect(done).toMatch(/Done 3 of 3 Succeeded 0 Failed 3 Expired 0 Pending 0 Rejected or unconfirmed 0/)
  const second = (await listRuns(tracker)).filter(({ attempt }) => attempt === 2)
  expect(second.map(({ name }) => name)).toEqual(['remove-bg', 'remove-bg', 'remove-bg'])
  expect(readText((await browser.get('/admin/audit')).html)).toContain('a new licence')
})
