import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { ADMIN_KEY, startTrackerAndSandbox } from '../support/tracker.ts'
import { browserTest, openPage, openSignedIn } from './chromium.ts'
import { makeSucceed, uploadSettled } from './uploads.ts'

browserTest('the keyboard alone is enough to sign in, open a failure and retry it', async ({ browser }) => {
  const { tracker, sandboxUrl } = await startTrackerAndSandbox()
  const fileId = await uploadSettled(tracker, 'mug.png', ['remove-bg'], ['sandbox:remove-bg=failed'])
  await makeSucceed(sandboxUrl, fileId)
  const page = await openPage(browser, tracker)
  const { keyboard } = page
  await page.goto('/admin')
  await page.locator('input:focus').waitFor()
  await keyboard.type(ADMIN_KEY)
  await keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Overview' }).waitFor()

  const stops = await tabTo(page, '1 failed run needs attention')
  expect(stops.slice(0, 9)).toEqual([
    'Skip to content',
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
  // The previous page has a heading “Failures by cause”, and key presses don't wait for the next page.
  await page.getByRole('heading', { name: 'Failures', exact: true }).waitFor()

  await tabTo(page, 'Skip to content')
  await keyboard.press('Enter')
  // After the link “Skip to content”, Tab does not reach the navigation.
  expect(await tabTo(page, 'Select remove-bg of mug.png')).not.toContain('Overview')
  await keyboard.press('Space')
  await page.locator('#selected-count', { hasText: /^1$/ }).waitFor()
  await tabTo(page, 'remove-bg')
  await keyboard.press('Enter')
  await page.getByRole('heading', { name: 'remove-bg' }).waitFor()
  await tabTo(page, 'Reason (optional)')
  await keyboard.type('fixed')
  await tabTo(page, 'Retry')
  await keyboard.press('Space')
  await page.getByText('Retry sent to ImageKit').waitFor()
  await page.locator('.head').first().getByText('success').waitFor()
})

browserTest(
  'on the overview, the lists of failures and deliveries, and their details, Tab reaches every control with a visible focus',
  async ({ browser }) => {
    const { tracker } = await startTrackerAndSandbox()
    await uploadSettled(tracker, 'mug.png', ['remove-bg'], ['sandbox:remove-bg=failed'])
    const page = await openSignedIn(browser, tracker)
    const controls = page.locator(
      'a[href], button:enabled, input:enabled:not([type=hidden]), select, summary, pre',
    )
    const expectTabReachesAll = async () =>
      expect(await tabThrough(page)).toBe(await controls.filter({ visible: true }).count())
    for (const path of ['/admin', '/admin/failures?group=cause']) {
      await page.goto(path)
      await expectTabReachesAll()
    }
    for (const path of ['/admin/failures', '/admin/deliveries']) {
      await page.goto(path)
      await expectTabReachesAll()
      await page.locator('tbody th a').first().click()
      await page.waitForURL(/\/admin\/\w+\/(?:run|dlv)_[\w-]+$/)
      await expectTabReachesAll()
    }
  },
  60_000,
)

/**
 * The element that has the focus after a press of Tab. `isNew`: it did not have the focus right before the press. `isVisible`: it is in the
 * window, with a visible outline.
 */
type Stop = { name: string; isNew: boolean; isVisible: boolean }

/** Presses Tab until the element with this name has the focus. Returns the names of all elements that got the focus. */
async function tabTo(page: Page, name: string): Promise<string[]> {
  const names: string[] = []
  while (names.length < 100) {
    const stop = await pressTab(page)
    if (stop === null) continue
    names.push(stop.name)
    if (stop.name === name) return names
  }
  throw new Error(`Tab did not reach “${name}”: ${names.join(', ')}`)
}

/** Presses Tab through the whole page. Returns the number of elements that got the focus. */
async function tabThrough(page: Page): Promise<number> {
  let count = 0
  for (let presses = 0; presses < 200; presses += 1) {
    const stop = await pressTab(page)
    if (stop === null) return count
    if (stop.isNew) count += 1
  }
  throw new Error('Tab does not reach the end of the page')
}

/** Presses Tab. Returns the focused element; null if none has the focus any more. Throws if the focus is not visible. */
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
    return { name, isNew, isVisible: isInWindow && outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 }
  })()`)
  if (stop?.isVisible === false) throw new Error(`the focus on “${stop.name}” is not visible`)
  return stop
}
