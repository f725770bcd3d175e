import { startTracker } from '../support/tracker.ts'
import { browserTest, openPage } from './chromium.ts'

/** Building the page takes a second of processor time. A busy machine may need many for that. */
const TIMEOUT_MS = 60_000

browserTest(
  'the page of the API description lists every route, and says what each one does',
  { timeout: TIMEOUT_MS },
  async ({ browser }) => {
    const page = await openPage(browser, await startTracker())
    page.setDefaultTimeout(TIMEOUT_MS)
    await page.goto('/docs')
    const links = page.locator('[part~="section-navbar-path"]')
    await links.filter({ hasText: '/submissions/{submissionId}/response' }).click()
    await page.getByText('Report ImageKit’s response to a registered upload').waitFor()
    await links.filter({ hasText: '/deliveries/replay' }).click()
    await page.getByText('Replay all rejected deliveries that match a filter').waitFor()
  },
)
