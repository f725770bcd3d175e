import { expect } from 'vitest'
import { startTrackerAndSandbox } from '../support/tracker.ts'
import { browserTest, openPage, openSignedIn } from './chromium.ts'
import { PLAIN_TEXTS, seedTracker, TOLERATED, visitEveryPage } from './every-page.ts'
import { makeSucceed, uploadSettled } from './uploads.ts'

browserTest(
  'without JavaScript every page opens with its heading, and shows times in UTC',
  async ({ browser }) => {
    const { tracker } = await startTrackerAndSandbox()
    const seeded = await seedTracker(tracker, PLAIN_TEXTS)
    const page = await openPage(browser, tracker, { javaScriptEnabled: false, tolerated: TOLERATED })
    const titles: { [name: string]: string | null } = {}
    await visitEveryPage(page, seeded, async (name) => {
      titles[name] = await page.getByRole('heading', { level: 1 }).textContent()
      if ((await page.locator('time').count()) > 0)
        expect(await page.locator('time').first().textContent()).toMatch(
          /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/,
        )
    })
    expect(titles).toEqual({
      'sign-in': 'Sign in',
      'sign-in rejected': 'Sign in',
      overview: 'Overview',
      failures: 'Failures',
      'all runs': 'Runs: all',
      'failures by cause': 'Failures',
      'no run': 'Runs: all',
      'run failed': 'remove-bg',
      'run acknowledged': 'remove-bg',
      'run success': 'aws-auto-tagging',
      'run pending': 'remove-bg',
      asset: 'shirt.jpg',
      'forget preview': 'Forget this asset?',
      deliveries: 'Deliveries',
      'no delivery': 'Deliveries',
      delivery: 'Delivery',
      'delivery rejected': 'Delivery',
      error: 'Page not found',
      'acknowledge preview': 'Acknowledge 2 runs?',
      'retry preview': 'Retry 2 runs?',
      'retry progress': expect.stringMatching(/^(Sending retries.*|Retries sent)$/),
      audit: 'Audit',
    })
  },
  60_000,
)

browserTest(
  'without JavaScript runs are found, selected and retried after a preview, and a missing selection is reported',
  async ({ browser }) => {
    const { tracker, sandboxUrl } = await startTrackerAndSandbox()
    for (const fileName of ['a.png', 'b.png']) {
      const fileId = await uploadSettled(tracker, fileName, ['remove-bg'], ['sandbox:remove-bg=failed'])
      await makeSucceed(sandboxUrl, fileId)
    }
    const page = await openSignedIn(browser, tracker, { javaScriptEnabled: false })
    await page.getByRole('searchbox').fill('a.p')
    await page.getByRole('button', { name: 'Find' }).click()
    await page.getByLabel('Select remove-bg of a.png').check()
    await page.getByRole('button', { name: 'Retry…', exact: true }).click()
    await page.getByRole('heading', { name: 'Retry one run?' }).waitFor()
    // The text of a term and of its description, without the space between them.
    expect(await page.getByRole('main').textContent()).toContain('Extension units130')
    await page.getByLabel('Reason').fill('fixed')
    await page.getByRole('button', { name: 'Retry one run' }).click()
    await page.getByText(' of 1').waitFor()
    const retried = page.getByRole('row').filter({ hasText: 'attempt 2' })
    await expect
      .poll(async () => {
        await page.goto('/admin/failures?status=success&acknowledged=any')
        return retried.count()
      })
      .toBe(1)
    expect(await retried.textContent()).toContain('a.png')
    await page.goto('/admin/failures')
    expect(await page.getByRole('table').textContent()).toContain('b.png')

    await page.getByRole('button', { name: 'Retry…', exact: true }).click()
    await page.getByText('Nothing was selected').waitFor()
  },
)

browserTest(
  'without JavaScript an operator acknowledges a run, retries another, replays a webhook, forgets an asset, and signs out',
  async ({ browser }) => {
    const { tracker, sandboxUrl } = await startTrackerAndSandbox()
    const names = ['remove-bg', 'aws-auto-tagging']
    const tags = names.map((name) => `sandbox:${name}=failed`)
    const fileId = await uploadSettled(tracker, 'mug.png', names, tags)
    await makeSucceed(sandboxUrl, fileId)
    const page = await openSignedIn(browser, tracker, { javaScriptEnabled: false })
    const open = async (name: string) => {
      await page.goto('/admin/failures')
      await page.getByRole('table').getByRole('link', { name }).click()
    }
    await open('aws-auto-tagging')
    await page.getByLabel('Note').fill('nobody needs these tags')
    await page.getByRole('button', { name: 'Acknowledge' }).click()
    await page.getByText('Acknowledged and removed from open failures').waitFor()
    await page.goto('/admin/failures')
    expect(await page.getByRole('table').getByRole('link', { name: 'aws-auto-tagging' }).count()).toBe(0)
    await open('remove-bg')
    await page.getByRole('button', { name: 'Retry' }).click()
    await page.getByText('Retry sent to ImageKit').waitFor()
    await tracker.fetch(`/assets/${fileId}/status?wait=10`)
    await page.reload()
    // The name and the status, without the space between them.
    expect(await page.locator('.head').first().textContent()).toBe('remove-bgsuccess')

    await page.getByRole('link', { name: 'Webhook', exact: true }).first().click()
    await page.getByRole('button', { name: 'Replay' }).click()
    await page.getByText('The delivery repeats what is already recorded').waitFor()
    await page.goto('/admin/audit')
    expect(await page.getByRole('table').textContent()).toContain('nobody needs these tags')

    await page.goto(`/admin/assets/${fileId}`)
    await page.getByRole('link', { name: 'Forget this asset…' }).click()
    await page.getByRole('button', { name: 'Forget asset' }).click()
    await page.getByText('The asset is forgotten').waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('You are signed out').waitFor()
    await page.goto('/admin/audit')
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Sign in')
  },
)
