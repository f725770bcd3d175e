import { startTracker } from '../support/tracker.ts'
import { browserTest, openPage } from './chromium.ts'

browserTest('the page of the API description shows every route and what it does', async ({ browser }) => {
  const page = await openPage(browser, await startTracker())
  await page.goto('/docs')
  await page.getByText('/submissions/{submissionId}/response').first().waitFor()
  await page.getByText('Replay all rejected deliveries that match a filter').first().waitFor()
})
