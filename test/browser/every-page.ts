import type { Page } from 'playwright-core'
import { vi } from 'vitest'
import { ask, listRuns } from '../support/operator.ts'
import type { RunningTracker } from '../support/tracker.ts'
import { deliver, register } from '../support/webhooks.ts'
import { signIn } from './chromium.ts'

/** The untrusted texts that `seedTracker` stores, so that the pages show them. */
export type UntrustedTexts = {
  extension: string
  fileId: string
  fileName: string
  message: string
  note: string
}

export const PLAIN_TEXTS: UntrustedTexts = {
  extension: 'remove-bg',
  fileId: 'file-1',
  fileName: 'shirt.jpg',
  message: 'unknown foreground',
  note: 'known to the photographer',
}

/** The browser's console messages about responses that `visitEveryPage` causes: 401 for a wrong key, 404 for an unknown run. */
export const TOLERATED = /status of (401|404)/

/** The ids that the pages are opened with. */
export type Seeded = {
  /** The runId of a failed run that is not acknowledged. */
  failed: string
  /** The runId of a failed run that is acknowledged. */
  acknowledged: string
  /** The runId of a run that succeeded. */
  success: string
  /** The runId of a pending run. */
  pending: string
  /** The fileId of the asset with the failed and the successful run. */
  asset: string
  /** The deliveryId of a rejected delivery. */
  rejected: string
}

/** Fills the tracker so that every page shows data. */
export async function seedTracker(tracker: RunningTracker, texts: UntrustedTexts): Promise<Seeded> {
  const { extension, fileId, fileName, message, note } = texts
  const error = { message, reason: message }
  /** Registers an upload of the file with this id, reports ImageKit's response to it, and returns its `webhookUrl`. */
  const registerUpload = async (id: string, names: readonly string[]) => {
    const { submissionId, webhookUrl } = await register(tracker, names, null)
    await tracker.fetch(`/submissions/${submissionId}/response`, {
      method: 'PUT',
      body: JSON.stringify({ fileId: id, name: fileName }),
    })
    return webhookUrl
  }
  /** Registers an upload with two extensions. The first fails, and the second succeeds. */
  const fail = async (id: string) => {
    const webhookUrl = await registerUpload(id, [extension, 'aws-auto-tagging'])
    const failure = { service: extension, status: 'FAILURE', fileId: id, error }
    await deliver(webhookUrl, failure)
    // A duplicate.
    await deliver(webhookUrl, failure)
    await deliver(webhookUrl, { service: 'aws-auto-tagging', status: 'SUCCESS', fileObject: { fileId: id } })
  }
  await fail(fileId)
  await fail(`${fileId}-2`)
  await fail(`${fileId}-3`)
  await registerUpload(`${fileId}-4`, [extension])
  await deliver(`${tracker.url}/webhooks/extension/forged`, { service: extension })

  const ofFile = await listRuns(tracker, `?q=${encodeURIComponent(fileId)}`)
  // The newest: a run of the third file, not of the first.
  const [acknowledged] = await listRuns(tracker, '?status=failed')
  await ask(tracker, `/runs/${acknowledged?.runId}/acknowledge`, { method: 'POST', body: { note } })
  const [pending] = await listRuns(tracker, '?status=pending')
  // Rejected deliveries are written once a second.
  const rejected = await vi.waitFor(
    async () => {
      const path = '/deliveries?outcome=rejected'
      const { json } = await ask<{ deliveries: { deliveryId: string }[] }>(tracker, path)
      return required(json.deliveries[0]).deliveryId
    },
    { timeout: 10_000 },
  )
  return {
    failed: required(ofFile.find(({ status }) => status === 'failed')).runId,
    acknowledged: required(acknowledged).runId,
    success: required(ofFile.find(({ status }) => status === 'success')).runId,
    pending: required(pending).runId,
    asset: fileId,
    rejected,
  }
}

/**
 * Opens the pages, some of them in several states, starting without a session, and calls `check` with the name of each. Only the page
 * "Send the form again?" is not among them: it needs a session that has ended.
 */
export async function visitEveryPage(
  page: Page,
  seeded: Seeded,
  check: (name: string) => Promise<void>,
): Promise<void> {
  const show = async (name: string, path: string) => {
    await page.goto(path)
    await check(name)
  }
  const press = async (name: string, button: string) => {
    await page.getByRole('button', { name: button }).click()
    await page.getByRole('heading', { level: 1 }).waitFor()
    await check(name)
  }
  await show('sign-in', '/admin/sign-in')
  await page.getByLabel('Admin key').fill('an unknown key')
  await press('sign-in rejected', 'Sign in')
  await signIn(page)

  const asset = `/admin/assets/${encodeURIComponent(seeded.asset)}`
  const unknown = encodeURIComponent(`no ${seeded.asset}`)
  await show('overview', '/admin')
  await show('failures', '/admin/failures')
  await show('all runs', '/admin/failures?status=any&acknowledged=any')
  await show('failures by cause', '/admin/failures?group=cause')
  await show('no run', `/admin/failures?status=any&q=${unknown}`)
  await show('run failed', `/admin/runs/${seeded.failed}`)
  await show('run acknowledged', `/admin/runs/${seeded.acknowledged}`)
  await show('run success', `/admin/runs/${seeded.success}`)
  await show('run pending', `/admin/runs/${seeded.pending}`)
  await show('asset', asset)
  await show('forget preview', `${asset}/forget`)
  await show('deliveries', '/admin/deliveries')
  await show('no delivery', '/admin/deliveries?outcome=contradicted')
  await page.goto(`/admin/deliveries?outcome=applied`)
  await page.locator('tbody th a').first().click()
  await page.getByRole('heading', { name: 'Body' }).waitFor()
  await check('delivery')
  await show('delivery rejected', `/admin/deliveries/${seeded.rejected}`)
  await show('error', `/admin/runs/${unknown}`)
  await page.goto('/admin/failures')
  await press('acknowledge preview', 'Acknowledge all…')
  await page.goto('/admin/failures')
  await press('retry preview', 'Retry all…')
  // The third failed run is acknowledged.
  await press('retry progress', 'Retry 2 runs')
  await show('audit', '/admin/audit')
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('seeding the tracker failed')
  return value
}
