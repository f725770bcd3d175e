import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { ADMIN_KEY } from '../support/tracker.ts'

/** All test files of a worker share one browser. */
// oxlint-disable-next-line no-empty-pattern -- vitest requires a destructuring pattern here
const withBrowser = test.extend('browser', { scope: 'worker' }, async ({}, { onCleanup }) => {
  const browser = await launch()
  onCleanup(() => browser.close())
  return browser
})

/** `test` with a `browser`. Skips the test if no Chromium is found; in CI the test fails instead. */
export const browserTest = withBrowser.skipIf(findChromium() === undefined && !process.env['CI'])

type PageOptions = BrowserContextOptions & {
  /** Console messages to ignore. A browser logs an error for every response with a status of 400 or above. */
  tolerated?: RegExp
  /** Origins that the page may request, besides that of `site`. */
  origins?: readonly string[]
}

/**
 * Opens a page of `site` in a fresh browser context. The test fails if the page requests an origin that is neither the site's nor one of
 * `origins`, logs a warning or an error that is not `tolerated`, throws, or opens a dialog.
 */
export async function openPage(
  browser: Browser,
  site: { url: string },
  options: PageOptions = {},
): Promise<Page> {
  const { tolerated, origins = [], ...contextOptions } = options
  const allowed = [site.url, ...origins]
  const context = await browser.newContext({
    baseURL: site.url,
    reducedMotion: 'reduce',
    ...contextOptions,
  })
  context.setDefaultTimeout(10_000)
  const failures: string[] = []
  context.on('request', (request) => {
    if (!allowed.includes(new URL(request.url()).origin)) failures.push(`request to ${request.url()}`)
  })
  context.on('console', (message) => {
    const isTolerated = tolerated?.test(message.text()) ?? false
    if (['error', 'warning'].includes(message.type()) && !isTolerated) failures.push(message.text())
  })
  context.on('weberror', (error) => failures.push(String(error.error())))
  context.on('dialog', async (dialog) => {
    failures.push(`a dialog: ${dialog.message()}`)
    await dialog.dismiss()
  })
  onTestFinished(async () => {
    await context.close()
    expect(failures).toEqual([])
  })
  return context.newPage()
}

export async function signIn(page: Page): Promise<void> {
  await page.goto('/admin/sign-in')
  await page.getByLabel('Admin key').fill(ADMIN_KEY)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
}

export async function openSignedIn(
  browser: Browser,
  tracker: { url: string },
  options: PageOptions = {},
): Promise<Page> {
  const page = await openPage(browser, tracker, options)
  await signIn(page)
  return page
}

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

function launch(): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('Chromium was not found. Install it or set CHROMIUM.')
  return chromium.launch({ executablePath, args: FLAGS, chromiumSandbox: false, headless: true })
}

function findChromium(): string | undefined {
  const { CHROMIUM, PATH = '' } = process.env
  if (CHROMIUM) return CHROMIUM
  return PATH.split(delimiter)
    .map((directory) => join(directory, 'chromium'))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
