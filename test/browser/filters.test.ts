import { expect } from 'vitest'
import { fail } from '../integration/admin-setup.ts'
import { startTracker } from '../support/tracker.ts'
import { browserTest, openSignedIn } from './chromium.ts'

for (const javaScriptEnabled of [true, false])
  browserTest(
    `a filter accepts a time copied from the list, and after Back the filters match the list again (JavaScript: ${javaScriptEnabled})`,
    async ({ browser }) => {
      const tracker = await startTracker()
      await fail(tracker, 'remove-bg', 'a')
      await fail(tracker, 'ai-tasks', 'b')
      const page = await openSignedIn(browser, tracker, { javaScriptEnabled })
      await page.goto('/admin/failures?extension=remove-bg')
      const extension = page.getByLabel('Extension', { exact: true })
      const since = page.getByLabel('From (UTC)')
      const shown = (await page.getByRole('table').locator('time').first().textContent()) ?? ''
      await extension.selectOption('ai-tasks')
      await since.fill(shown)
      await page.getByRole('button', { name: 'Apply' }).click()
      await page.waitForURL(/extension=ai-tasks/)
      expect(await since.inputValue()).toBe(shown)
      expect(await page.getByRole('table').textContent()).toContain('ai-tasks')
      await page.goBack()
      await page.waitForURL(/extension=remove-bg/)
      expect(await page.getByRole('table').textContent()).toContain('remove-bg')
      expect(await extension.inputValue()).toBe('remove-bg')
      expect(await since.inputValue()).toBe('')
    },
  )
