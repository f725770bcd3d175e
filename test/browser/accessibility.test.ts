import axe, { type AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { startTrackerAndSandbox } from '../support/tracker.ts'
import { browserTest, openPage } from './chromium.ts'
import { fillTracker, PLAIN_WORDS, TOLERATED, visitEveryPage } from './every-page.ts'

browserTest(
  'axe finds nothing to mend on any page, neither in light nor in dark colours',
  async ({ browser }) => {
    const { tracker } = await startTrackerAndSandbox()
    const filled = await fillTracker(tracker, PLAIN_WORDS)
    const page = await openPage(browser, tracker, { tolerated: TOLERATED })
    const found: string[] = []
    let looks = 0
    await visitEveryPage(page, filled, async (name) => {
      await page.evaluate(axe.source)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        const { violations, passes } = await runAxe(page)
        expect(passes.map(({ id }) => id)).toContain('color-contrast')
        for (const { id, impact, nodes } of violations)
          found.push(`${name}, ${colorScheme}: ${impact} ${id}: ${nodes.map(({ html }) => html).join(' ')}`)
        looks += 1
      }
    })
    expect(found).toEqual([])
    expect(looks).toBe(42)
  },
  120_000,
)

function runAxe(page: Page): Promise<AxeResults> {
  return page.evaluate<AxeResults>('axe.run({ resultTypes: ["violations"] })')
}
