import { expect } from 'vitest'
import { startTrackerAndSandbox } from '../support/tracker.ts'
import { browserTest, openPage } from './chromium.ts'
import { PLAIN_TEXTS, seedTracker, TOLERATED, visitEveryPage } from './every-page.ts'
import { listOverflow, NARROW } from './overflow.ts'

browserTest(
  'a screen of 360 pixels needs no horizontal scrolling',
  async ({ browser }) => {
    const { tracker } = await startTrackerAndSandbox()
    const seeded = await seedTracker(tracker, PLAIN_TEXTS)
    const page = await openPage(browser, tracker, { viewport: NARROW, tolerated: TOLERATED })
    const found: string[] = []
    await visitEveryPage(page, seeded, async (name) => {
      found.push(...(await listOverflow(page)).map((text) => `${name}: ${text}`))
    })
    expect(found).toEqual([])
  },
  60_000,
)
