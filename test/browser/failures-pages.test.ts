import { expect } from 'vitest'
import { createPausableDelay } from '../support/pausable-delay.ts'
import { startTrackerAndSandbox } from '../support/tracker.ts'
import { browserTest, openSignedIn } from './chromium.ts'
import { makeSucceed, uploadSettled } from './uploads.ts'

browserTest(
  'a failure is found by a filter and retried, and its page changes from pending to success by itself',
  async ({ browser }) => {
    const gate = createPausableDelay()
    const { tracker, sandboxUrl } = await startTrackerAndSandbox({}, {}, gate)
    const names = ['remove-bg', 'aws-auto-tagging']
    const fileId = await uploadSettled(
      tracker,
      'mug.png',
      names,
      names.map((name) => `sandbox:${name}=failed`),
    )
    await makeSucceed(sandboxUrl, fileId)
    gate.pause()

    const page = await openSignedIn(browser, tracker)
    await page.getByRole('link', { name: '2 failed runs need attention' }).click()
    await page.getByLabel('Extension').selectOption('remove-bg')
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.getByRole('list', { name: 'Active filters' }).waitFor()
    const rows = page.getByRole('table').getByRole('row')
    expect(await rows.count()).toBe(2)
    expect(await rows.nth(1).textContent()).toContain('mug.png')
    await rows.nth(1).getByRole('link', { name: 'remove-bg' }).click()
    await page.getByText('unknown foreground').first().waitFor()

    await page.getByLabel('Reason').fill('the image was fixed')
    await page.getByRole('button', { name: 'Retry' }).click()
    await page.getByText('Retry sent to ImageKit').waitFor()
    const head = page.locator('.head').first()
    expect(await head.textContent()).toBe('remove-bgpending')
    let loads = 0
    page.on('domcontentloaded', () => {
      loads += 1
    })
    gate.resume()
    await head.getByText('success').waitFor()
    expect(await page.getByRole('region', { name: 'Timeline' }).textContent()).toContain('by a webhook')
    expect(await page.title()).toContain('remove-bg success')
    expect(await page.locator('#announce').textContent()).toBe('Now: success')
    expect(loads).toBe(0)
  },
)

browserTest(
  'all failures of one cause are retried after a preview, and the progress page counts them until all are sent',
  async ({ browser }) => {
    const { tracker, sandboxUrl } = await startTrackerAndSandbox()
    for (const fileName of ['a.png', 'b.png', 'c.png']) {
      const fileId = await uploadSettled(tracker, fileName, ['remove-bg'], ['sandbox:remove-bg=failed'])
      await makeSucceed(sandboxUrl, fileId)
    }
    await uploadSettled(tracker, 'd.png', ['aws-auto-tagging'], ['sandbox:aws-auto-tagging=failed'])

    const page = await openSignedIn(browser, tracker)
    await page.goto('/admin/failures')
    await page.getByRole('link', { name: 'Group by cause' }).click()
    const group = page.getByRole('row').filter({ hasText: 'remove-bg' })
    expect(await group.locator('[data-label=Runs]').textContent()).toBe('3')
    await group.getByRole('button', { name: 'Retry…' }).click()
    await page.getByRole('heading', { name: 'Retry 3 runs?' }).waitFor()
    expect(await page.getByRole('main').textContent()).toContain('Extension units390')
    await page.getByRole('button', { name: 'Retry 3 runs' }).click()
    await page.getByText('3 of 3', { exact: true }).waitFor()
    await page.getByRole('heading', { name: 'Retries sent' }).waitFor()

    await page.getByRole('link', { name: 'Failures' }).first().click()
    await page.getByText('1 total').waitFor()
    expect(await page.getByRole('table').textContent()).toContain('aws-auto-tagging')
    await page.getByRole('navigation', { name: 'Status' }).getByRole('link', { name: 'success' }).click()
    await page.getByRole('heading', { name: 'Runs: success' }).waitFor()
    // ImageKit accepted all requests. Each run settles when its webhook arrives.
    await expect
      .poll(async () => {
        await page.reload()
        return page.getByRole('table').getByText('attempt 2').count()
      })
      .toBe(3)
  },
)

browserTest('a browser in Tokyo shows times in UTC', async ({ browser }) => {
  const { tracker } = await startTrackerAndSandbox()
  await uploadSettled(tracker, 'a.png', ['remove-bg'], ['sandbox:remove-bg=failed'])
  const page = await openSignedIn(browser, tracker, { timezoneId: 'Asia/Tokyo' })
  await page.goto('/admin/failures')
  const time = page.getByRole('table').locator('time').first()
  const at = Date.parse((await time.getAttribute('datetime')) ?? '')
  const iso = new Date(at).toISOString()
  expect(await time.textContent()).toBe(`${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`)
  expect(await time.getAttribute('title')).toBe(`${iso.slice(0, 23).replace('T', ' ')} UTC`)
})

browserTest(
  'one checkbox selects all runs of the page, and only selected runs are acknowledged',
  async ({ browser }) => {
    const { tracker } = await startTrackerAndSandbox()
    for (const fileName of ['a.png', 'b.png'])
      await uploadSettled(tracker, fileName, ['remove-bg'], ['sandbox:remove-bg=failed'])
    const page = await openSignedIn(browser, tracker)
    await page.goto('/admin/failures')
    const acknowledge = page.getByRole('button', { name: 'Acknowledge…' })
    expect(await acknowledge.isDisabled()).toBe(true)
    await page.getByLabel('Select all on this page').check()
    expect(await page.locator('#selected-count').textContent()).toBe('2')
    await page.getByLabel('Select remove-bg of a.png').uncheck()
    expect(await page.locator('#selected-count').textContent()).toBe('1')
    await acknowledge.click()
    await page.getByLabel('Note').fill('known')
    await page.getByRole('button', { name: 'Acknowledge one run' }).click()
    await page.getByText('1 total').waitFor()
    expect(await page.getByRole('table').textContent()).toContain('a.png')
  },
)
