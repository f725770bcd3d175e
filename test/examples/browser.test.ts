import { expect, inject } from 'vitest'
import { browserTest, openPage } from '../browser/chromium.ts'
import { SHIRT, startExample } from './run-example.ts'

browserTest(
  'the example browser uploads an image from a page directly to ImageKit, and shows the final statuses',
  async ({ browser }) => {
    const { env, sandboxUrl } = inject('examples')
    const server = await startExample('browser', [process.execPath, 'server.mjs'], {
      env: {
        IMAGEKIT_UPLOAD_URL: sandboxUrl,
        IMAGEKIT_PUBLIC_KEY: 'public_sandbox',
        IMAGEKIT_PRIVATE_KEY: 'private_sandbox',
      },
    })
    const site = { url: new URL(server.url).origin }
    const page = await openPage(browser, site, { origins: [env['TRACKER_URL'] ?? '', sandboxUrl] })
    await page.goto('/')
    await page.getByLabel('Image').setInputFiles(SHIRT)
    await page.getByLabel('Tags').fill('sandbox:aws-auto-tagging=failed')
    const reported = page.waitForResponse((response) => response.request().method() === 'PUT')
    await page.getByRole('button', { name: 'Upload' }).click()
    expect((await reported).status()).toBe(200)
    await page.getByText('Done: failed').waitFor()
    expect(await page.getByRole('listitem').allTextContents()).toEqual([
      'remove-bg: success',
      'aws-auto-tagging: failed',
    ])
  },
)
