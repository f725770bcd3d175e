import { expect } from 'vitest'
import { startTrackerAndSandbox } from '../support/tracker.ts'
import { browserTest, openPage } from './chromium.ts'
import { fillTracker, PLAIN_WORDS, TOLERATED, visitEveryPage, type Words } from './every-page.ts'
import { listOverflow } from './overflow.ts'

const LONG = 'x'.repeat(240)
const LONG_WORDS: Words = {
  extension: `tagger-${LONG.slice(0, 90)}`,
  fileId: `file-${LONG}`,
  fileName: `${LONG}.jpg`,
  message: LONG,
  note: LONG,
}

browserTest.each([
  ['as they come', PLAIN_WORDS],
  ['that never end', LONG_WORDS],
])(
  'on a screen of 360 pixels nothing has to be scrolled sideways, with names %s',
  async (_, words) => {
    const { tracker } = await startTrackerAndSandbox()
    const filled = await fillTracker(tracker, words)
    const viewport = { width: 360, height: 740 }
    const page = await openPage(tracker, { viewport, tolerated: TOLERATED })
    const found: string[] = []
    await visitEveryPage(page, filled, async (name) => {
      found.push(...(await listOverflow(page)).map((text) => `${name}: ${text}`))
    })
    expect(found).toEqual([])
  },
  60_000,
)
