import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { startTrackerAndSandbox } from '../support/tracker.ts'
import { browserTest, openPage } from './chromium.ts'
import { seedTracker, TOLERATED, visitEveryPage } from './every-page.ts'

const NARROW = { width: 360, height: 740 }
const WIDE = { width: 1280, height: 800 }

/** If any part of `MARKUP` or `CLOSING_TAGS` runs as a script, it sets the global variable `ran`. */
const MARKUP = `"'><img src=x onerror=ran=1><script>ran=1;alert(1)</script><svg onload=ran=1>`
const CLOSING_TAGS = '</title></textarea></style><a href=javascript:ran=1>&lt;{{ran=1}}'
/** Characters that change the direction of text, Hebrew and Arabic text, and a control character. */
const REORDERED = 'photo\u202egnp.exe\u2066 צילום של חולצה \u0627\u0644\u0635\u0648\u0631\u0629\u0007'
const PAGES_WITHOUT_UNTRUSTED_TEXT = [
  'sign-in',
  'sign-in rejected',
  'no delivery',
  'acknowledge preview',
  'retry preview',
  'retry progress',
]
const HOSTILE_TEXT = `${MARKUP}${REORDERED}${CLOSING_TAGS}`

browserTest(
  'on every page untrusted markup stays text, and text with direction marks and very long words fits 360 and 1280 pixels',
  async ({ browser }) => {
    const { tracker } = await startTrackerAndSandbox()
    const seeded = await seedTracker(tracker, {
      extension: `${MARKUP.slice(0, 60)}${'w'.repeat(90)}`,
      // As hostile as a valid fileId can be: no slashes or control characters, and at most 128 characters, including the suffix
      // that `seedTracker` appends.
      fileId: `file ${MARKUP}${REORDERED}${'w'.repeat(60)}`.replace(/[/\p{Control}]/gu, '').slice(0, 120),
      fileName: `${HOSTILE_TEXT}${'w'.repeat(300)}`,
      message: `${HOSTILE_TEXT}\n${'e'.repeat(2000)}`,
      note: HOSTILE_TEXT,
    })
    const page = await openPage(browser, tracker, { tolerated: TOLERATED })
    const found: string[] = []
    await visitEveryPage(page, seeded, async (name) => {
      const ran = await page.evaluate("'ran' in globalThis")
      const elements = await page
        .locator('img, script:not([src]), a[href^=javascript], main svg[onload]')
        .count()
      if (ran || elements > 0) found.push(`${name}: untrusted markup became an element`)
      if (
        !PAGES_WITHOUT_UNTRUSTED_TEXT.includes(name) &&
        !(await page.getByRole('main').innerText()).includes('<img src=x onerror=ran=1>')
      )
        found.push(`${name}: the untrusted text is missing`)
      for (const size of [NARROW, WIDE]) {
        await page.setViewportSize(size)
        for (const text of await listOverflow(page)) found.push(`${name}, ${size.width} pixels: ${text}`)
      }
    })
    expect(found).toEqual([])
  },
  60_000,
)

/**
 * Lists the elements that extend beyond the right edge of the window, except clipped ones, which only screen readers read. The window
 * itself comes first if it can be scrolled sideways.
 */
function listOverflow(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const root = document.documentElement
    const isClipped = (element) =>
      element !== null && (getComputedStyle(element).clipPath !== 'none' || isClipped(element.parentElement))
    const found = [...document.body.querySelectorAll('*')].filter((element) => {
      const { width, right } = element.getBoundingClientRect()
      return width > 1 && right > root.clientWidth + 0.5 && !isClipped(element)
    })
    const texts = found.map(({ outerHTML }) => outerHTML.slice(0, 120))
    return root.scrollWidth > root.clientWidth ? ['the window', ...texts] : texts
  })()`)
}
