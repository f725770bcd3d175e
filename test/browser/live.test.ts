import { expect } from 'vitest'
import { listRuns } from '../support/operator.ts'
import { startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, payload, register } from '../support/webhooks.ts'
import { browserTest, openSignedIn } from './chromium.ts'

browserTest(
  'when a page updates itself, its unchanged parts are not replaced and keep the focus',
  async ({ browser }) => {
    const tracker = await startTracker()
    const { submissionId, webhookUrl } = await register(tracker, ['remove-bg', 'aws-auto-tagging'])
    const body = JSON.stringify({ fileId: FILE_ID, name: 'shirt.jpg' })
    await tracker.fetch(`/submissions/${submissionId}/response`, { method: 'PUT', body })
    const [run] = await listRuns(tracker, '?extension=remove-bg')
    const page = await openSignedIn(browser, tracker)
    await page.goto(`/admin/runs/${run?.runId}`)
    await page.getByRole('link', { name: FILE_ID }).first().focus()
    // An element that replaces this one won't have the property.
    await page.evaluate(`document.querySelector('[data-live=facts]').isOld = true`)
    await deliver(webhookUrl, payload('aws-auto-tagging', 'success'))
    await page
      .getByRole('region', { name: 'Other extensions in this request' })
      .getByText('success')
      .waitFor()
    const kept = await page.evaluate<[boolean, string]>(
      `[document.querySelector('[data-live=facts]').isOld, document.activeElement.textContent]`,
    )
    expect(kept).toEqual([true, FILE_ID])
  },
)

browserTest('if its event stream gets an error response, a page polls instead', async ({ browser }) => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const [run] = await listRuns(tracker)
  const page = await openSignedIn(browser, tracker, { tolerated: /status of 502/ })
  await page.route('**/events', (route) => route.fulfill({ status: 502, body: 'a proxy' }))
  const rejected = page.waitForResponse((response) => response.status() === 502)
  await page.goto(`/admin/runs/${run?.runId}`)
  await rejected
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  await page.locator('.head').first().getByText('success').waitFor()
})
