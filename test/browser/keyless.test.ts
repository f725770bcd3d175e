import { expect } from 'vitest'
import { startTrackerAndSandbox } from '../support/tracker.ts'
import { browserTest, openPage } from './chromium.ts'
import { uploadSettled } from './uploads.ts'

browserTest(
  'without configured keys the pages open without a sign-in, and runs can be acknowledged',
  async ({ browser }) => {
    const { tracker } = await startTrackerAndSandbox({ TRACKER_API_KEY: '', TRACKER_ADMIN_KEY: '' })
    await uploadSettled(tracker, 'mug.png', ['remove-bg'], ['sandbox:remove-bg=failed'])
    const page = await openPage(browser, tracker)
    await page.goto('/admin/failures')
    await page.getByRole('button', { name: 'Acknowledge all…' }).click()
    await page.getByRole('button', { name: 'Acknowledge one run' }).click()
    await page.getByText('No open failures').waitFor()
    await page.goto('/admin/audit')
    expect(await page.getByRole('row').nth(1).textContent()).toContain('local')
  },
)
