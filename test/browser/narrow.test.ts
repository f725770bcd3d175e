import { expect } from 'vitest'
import { startTrackerAndSandbox } from '../support/tracker.ts'
import { browserTest, openPage } from './chromium.ts'
import { fillTracker, PLAIN_WORDS, TOLERATED, visitEveryPage } from './every-page.ts'
import { listOverflow, NARROW } from './overflow.ts'

browserTest(
  'on a screen of 360 pixels nothing has to be scrolled sideways',
  async ({ browser }) => {
    const { tracker } = await startTrackerAndSandbox()
    const filled = await fillTracker(tracker, PLAIN_WORDS)
    const page = await openPage(browser, tracker, { viewport: NARROW, tolerated: TOLERATED })
    const found: string[] = []
    await visitEveryPage(page, filled, async (name) => {
      found.push(...(await listOverflow(page)).map((text) => `${name}: ${text}`))
    })
    expect(found).toEqual([])
  },
  60_000,
)
