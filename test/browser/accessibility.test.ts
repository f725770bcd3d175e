import axe, { type AxeResults, type RunOptions } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { startTrackerAndSandbox } from '../support/tracker.ts'
import { browserTest, openPage } from './chromium.ts'
import { PLAIN_TEXTS, seedTracker, TOLERATED, visitEveryPage } from './every-page.ts'

browserTest(
  'axe finds no violations on any page, in light and dark colours',
  async ({ browser }) => {
    const { tracker } = await startTrackerAndSandbox()
    const seeded = await seedTracker(tracker, PLAIN_TEXTS)
    const page = await openPage(browser, tracker, { tolerated: TOLERATED })
    const found: string[] = []
    let checks = 0
    await visitEveryPage(page, seeded, async (name) => {
      await page.evaluate(axe.source)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        const { violations, passes } = await runAxe(page, AXE_OPTIONS[colorScheme])
        // Otherwise a page that axe has not checked would count as one without violations.
        expect(passes.map(({ id }) => id)).toContain('color-contrast')
        for (const { id, impact, nodes } of violations)
          found.push(`${name}, ${colorScheme}: ${impact} ${id}: ${nodes.map(({ html }) => html).join(' ')}`)
        checks += 1
      }
    })
    expect(found).toEqual([])
    // 22 pages and states of pages, each in two colour schemes.
    expect(checks).toBe(44)
  },
  120_000,
)

/** In dark colours only the rules about colours are checked: all others have the same result as in light colours. */
const AXE_OPTIONS: { [scheme in 'light' | 'dark']: RunOptions } = {
  light: {},
  dark: { runOnly: ['color-contrast', 'link-in-text-block'] },
}

function runAxe(page: Page, options: RunOptions): Promise<AxeResults> {
  const argument = JSON.stringify({ resultTypes: ['violations'], ...options })
  return page.evaluate<AxeResults>(`axe.run(${argument})`)
}
