import type { Page } from 'playwright-core'
import { vi } from 'vitest'
import { ask, listRuns } from '../support/operator.ts'
import type { RunningTracker } from '../support/tracker.ts'
import { deliver, register } from '../support/webhooks.ts'
import { signIn } from './chromium.ts'

/** Untrusted texts that the pages show. */
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

/** The console messages about responses that `visitEveryPage` causes: to a wrong key, and to the id of an unknown run. */
export const TOLERATED = /status of (401|404)/

/** The ids of runs by their state, of an asset, and of a rejected delivery. */
export type Seeded = {
  failed: string
  acknowledged: string
  success: string
  pending: string
  asset: string
  rejected: string
}

/** Fills the tracker so that every page shows data. */
export async function seedTracker(tracker: RunningTracker, texts: UntrustedTexts): Promise<Seeded> {
  const { extension, fileId, fileName, message, note } = texts
  const error = { message, reason: message }
  const uploadAs = async (id: string, names: readonly string[]) => {
    const { submissionId, webhookUrl } = await register(tracker, names, null)
    await tracker.fetch(`/submissions/${submissionId}/response`, {
      method: 'PUT',
      body: JSON.stringify({ fileId: id, name: fileName }),
    })
    return webhookUrl
  }
  const fail = async (id: string) => {
    const webhookUrl = await uploadAs(id, [extension, 'aws-auto-tagging'])
    const failure = { service: extension, status: 'FAILURE', fileId: id, error }
    await deliver(webhookUrl, failure)
    await deliver(webhookUrl, failure)
    await deliver(webhookUrl, { service: 'aws-auto-tagging', status: 'SUCCESS', fileObject: { fileId: id } })
  }
  await fail(fileId)
  await fail(`${fileId}-2`)
  await fail(`${fileId}-3`)
  await uploadAs(`${fileId}-4`, [extension])
  await deliver(`${tracker.url}/webhooks/extension/forged`, { service: extension })

  const ofFile = await listRuns(tracker, `?q=${encodeURIComponent(fileId)}`)
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

/** Opens each page in each of its states, starting without a session. */
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
  await press('retry progress', 'Retry 2 runs')
  await show('audit', '/admin/audit')
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('seeding the tracker failed')
  return value
}
