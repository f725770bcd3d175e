import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { ADMIN_KEY, startTrackerAndSandbox } from '../support/tracker.ts'
import { browserTest, openPage, openSignedIn } from './chromium.ts'
import { mend, uploadSettled } from './uploads.ts'

browserTest(
  'with the keyboard alone one signs in, opens a failure and has it run again',
  async ({ browser }) => {
    const { tracker, sandboxUrl } = await startTrackerAndSandbox()
    const fileId = await uploadSettled(tracker, 'mug.png', ['remove-bg'], ['sandbox:remove-bg=failed'])
    await mend(sandboxUrl, fileId)
    const page = await openPage(browser, tracker)
    const { keyboard } = page
    await page.goto('/admin')
    await page.locator('input:focus').waitFor()
    await keyboard.type(ADMIN_KEY)
    await keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Overview' }).waitFor()

    const stops = await tabTo(page, '1 failed run needs attention')
    expect(stops.slice(0, 9)).toEqual([
      'Skip to the content',
      'Extension tracker',
      'Overview',
      'Failures',
      'Deliveries',
      'Audit',
      'Find runs by file id, file name, run id or submission id',
      'Find',
      'Sign out',
    ])
    await keyboard.press('Enter')
    // The page that is left has a heading “Failures by cause”, and no key waits for the next page.
    await page.getByRole('heading', { name: 'Failures', exact: true }).waitFor()

    await tabTo(page, 'Skip to the content')
    await keyboard.press('Enter')
    expect(await tabTo(page, 'Select remove-bg of mug.png')).not.toContain('Overview')
    await keyboard.press('Space')
    await page.locator('#ticked', { hasText: /^1$/ }).waitFor()
    await tabTo(page, 'remove-bg')
    await keyboard.press('Enter')
    await page.getByRole('heading', { name: 'remove-bg' }).waitFor()
    await tabTo(page, 'Reason (optional)')
    await keyboard.type('mended')
    await tabTo(page, 'Retry')
    await keyboard.press('Space')
    await page.getByText('ImageKit was asked to run it again').waitFor()
    await page.locator('.head').first().getByText('success').waitFor()
  },
)

browserTest(
  'on each page Tab comes past everything that can be used, seen where it is',
  async ({ browser }) => {
    const { tracker } = await startTrackerAndSandbox()
    await uploadSettled(tracker, 'mug.png', ['remove-bg'], ['sandbox:remove-bg=failed'])
    const page = await openSignedIn(browser, tracker)
    const usable = page.locator(
      'a[href], button:enabled, input:enabled:not([type=hidden]), select, summary, pre',
    )
    const comeThrough = async () =>
      expect(await tabThrough(page)).toBe(await usable.filter({ visible: true }).count())
    for (const path of ['/admin', '/admin/failures?group=cause']) {
      await page.goto(path)
      await comeThrough()
    }
    for (const path of ['/admin/failures', '/admin/deliveries']) {
      await page.goto(path)
      await comeThrough()
      await page.locator('tbody th a').first().click()
      await page.waitForURL(/\/admin\/\w+\/(?:run|dlv)_[\w-]+$/)
      await comeThrough()
    }
  },
)

type Stop = { name: string; isNew: boolean; isSeen: boolean }

/** Presses Tab until what has this name has the focus; returns what it came past. */
async function tabTo(page: Page, name: string): Promise<string[]> {
  const names: string[] = []
  while (names.length < 100) {
    const stop = await pressTab(page)
    if (stop === null) continue
    names.push(stop.name)
    if (stop.name === name) return names
  }
  throw new Error(`Tab did not come to “${name}”: ${names.join(', ')}`)
}

/** Presses Tab from the beginning to the end; returns how many things it came past. */
async function tabThrough(page: Page): Promise<number> {
  let count = 0
  for (let presses = 0; presses < 200; presses += 1) {
    const stop = await pressTab(page)
    if (stop === null) return count
    if (stop.isNew) count += 1
  }
  throw new Error('Tab does not come to an end')
}

/** Null where nothing of the page has the focus any more. Throws where nobody would see what has it. */
async function pressTab(page: Page): Promise<Stop | null> {
  await page.keyboard.press('Tab')
  const stop = await page.evaluate<Stop | null>(`(() => {
    const active = document.activeElement
    if (active === null || active === document.body) return null
    const isNew = active !== globalThis.lastStop
    globalThis.lastStop = active
    const { outlineStyle, outlineWidth } = getComputedStyle(active)
    const box = active.getBoundingClientRect()
    const name = active.getAttribute('aria-label') ?? active.labels?.[0]?.textContent ?? active.textContent
    const isInWindow = box.width > 0 && box.bottom > 0 && box.top < innerHeight
    return { name, isNew, isSeen: isInWindow && outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 }
  })()`)
  if (stop?.isSeen === false) throw new Error(`nobody sees that “${stop.name}” has the focus`)
  return stop
}
