import { expect, test } from 'vitest'
import { readLinks, readText } from '../support/html.ts'
import { ask } from '../support/operator.ts'
import { signIn } from '../support/operator-browser.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, payload, type Registered, register, statusOf } from '../support/webhooks.ts'

async function registerMany(tracker: RunningTracker, count: number): Promise<Registered[]> {
  const registered: Registered[] = []
  for (let at = 0; at < count; at += 1) registered.push(await register(tracker, ['remove-bg', 'ai-tasks']))
  return registered
}

test('an asset with many submissions shows the newest run of each extension, also after a rejection', async () => {
  const tracker = await startTracker()
  const many = await registerMany(tracker, 60)
  const [first, last] = [many.at(0), many.at(-1)]
  if (first === undefined || last === undefined) throw new Error('nothing is registered')
  const other = await register(tracker, ['aws-auto-tagging', 'remove-bg'])
  await deliver(first.webhookUrl, payload('remove-bg', 'failure'))
  await deliver(last.webhookUrl, payload('remove-bg', 'success'))
  const current = async (at: RunningTracker) =>
    Object.fromEntries(
      (await statusOf(at)).extensions.map(({ name, status, submissionId }) => [name, [status, submissionId]]),
    )
  expect(await current(tracker)).toEqual({
    'ai-tasks': ['pending', last.submissionId],
    'aws-auto-tagging': ['pending', other.submissionId],
    'remove-bg': ['pending', other.submissionId],
  })

  const rejection = { method: 'PUT', body: '{"message":"Your request is invalid."}' }
  await tracker.fetch(`/submissions/${other.submissionId}/response`, rejection)
  const expected = {
    'ai-tasks': ['pending', last.submissionId],
    'remove-bg': ['success', last.submissionId],
  }
  expect(await current(tracker)).toEqual(expected)
  expect(await current(await tracker.restart())).toEqual(expected)
})

test('the page of an asset shows fifty submissions, and links to the older ones', async () => {
  const tracker = await startTracker()
  const many = await registerMany(tracker, 101)
  const browser = await signIn(tracker)
  const path = `/admin/assets/${FILE_ID}`
  const listed: string[] = []
  for (let href: string | undefined = path; href !== undefined; ) {
    const { html } = await browser.get(href)
    const shown = readText(html).matchAll(/, submission ([\w-]+)/g)
    listed.push(...[...shown].map(([, id = '']) => id))
    href = readLinks(html).find((link) => link.startsWith(`${path}?cursor=`))
  }
  expect(listed).toEqual(many.map(({ submissionId }) => submissionId).toReversed())
  const [newest] = (await statusOf(tracker)).extensions
  const run = await ask<{ siblings: object[] }>(tracker, `/runs/${newest?.runId}`)
  expect(run.json.siblings).toHaveLength(1)
})
