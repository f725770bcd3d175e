import { expect, test } from 'vitest'
import { readLinks, readText } from '../support/html.ts'
import { ask } from '../support/operator.ts'
import { signIn } from '../support/operator-browser.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, payload, type Registration, register, statusOf } from '../support/webhooks.ts'

async function registerMany(tracker: RunningTracker, count: number): Promise<Registration[]> {
  const registered: Registration[] = []
  for (let index = 0; index < count; index += 1)
    registered.push(await register(tracker, ['remove-bg', 'ai-tasks']))
  return registered
}

test('the status of an asset with many submissions has the newest run of each extension, ignoring rejected submissions', async () => {
  const tracker = await startTracker()
  const many = await registerMany(tracker, 60)
  const [first, last] = [many.at(0), many.at(-1)]
  if (first === undefined || last === undefined) throw new Error('no submission was registered')
  const newest = await register(tracker, ['aws-auto-tagging', 'remove-bg'])
  await deliver(first.webhookUrl, payload('remove-bg', 'failure'))
  await deliver(last.webhookUrl, payload('remove-bg', 'success'))
  const current = async (service: RunningTracker) =>
    Object.fromEntries(
      (await statusOf(service)).extensions.map(({ name, status, submissionId }) => [
        name,
        [status, submissionId],
      ]),
    )
  expect(await current(tracker)).toEqual({
    'ai-tasks': ['pending', last.submissionId],
    'aws-auto-tagging': ['pending', newest.submissionId],
    'remove-bg': ['pending', newest.submissionId],
  })

  const rejection = { method: 'PUT', body: '{"message":"Your request is invalid."}' }
  await tracker.fetch(`/submissions/${newest.submissionId}/response`, rejection)
  const expected = {
    'ai-tasks': ['pending', last.submissionId],
    'remove-bg': ['success', last.submissionId],
  }
  expect(await current(tracker)).toEqual(expected)
  expect(await current(await tracker.restart())).toEqual(expected)
})

test('the page of an asset shows its fifty newest submissions, and links to the older ones', async () => {
  const tracker = await startTracker()
  const many = await registerMany(tracker, 101)
  const browser = await signIn(tracker)
  const path = `/admin/assets/${FILE_ID}`
  const pages: string[][] = []
  for (let href: string | undefined = path; href !== undefined; ) {
    const { html } = await browser.get(href)
    const shown = readText(html).matchAll(/, submission ([\w-]+)/g)
    pages.push([...shown].map(([, id = '']) => id))
    href = readLinks(html).find((link) => link.startsWith(`${path}?cursor=`))
  }
  expect(pages.map(({ length }) => length)).toEqual([50, 50, 1])
  expect(pages.flat()).toEqual(many.map(({ submissionId }) => submissionId).toReversed())
})

test('the siblings of a run are only the other runs of its own submission', async () => {
  const tracker = await startTracker()
  await registerMany(tracker, 3)
  const [newest] = (await statusOf(tracker)).extensions
  const run = await ask<{ siblings: object[] }>(tracker, `/runs/${newest?.runId}`)
  expect(run.json.siblings).toHaveLength(1)
})
