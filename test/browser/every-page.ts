import type { Page } from 'playwright-core'
import { vi } from 'vitest'
import { ask, listRuns } from '../support/operator.ts'
import type { RunningTracker } from '../support/tracker.ts'
import { deliver, register } from '../support/webhooks.ts'
import { signIn } from './chromium.ts'

/** What comes from outside, and stands on the pages. */
export type Words = { extension: string; fileId: string; fileName: string; message: string; note: string }

export const PLAIN_WORDS: Words = {
  extension: 'remove-bg',
  fileId: 'file-1',
  fileName: 'shirt.jpg',
  message: 'unknown foreground',
  note: 'known to the photographer',
}

/** The console tells that pages were answered so. */
export const TOLERATED = /status of (401|404)/

export type Filled = { failed: string; success: string; pending: string; asset: string; refused: string }

/** A tracker of which every page has something to show. */
export async function fillTracker(tracker: RunningTracker, words: Words): Promise<Filled> {
  const { extension, fileId, fileName, message, note } = words
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
  const [seen] = await listRuns(tracker, '?status=failed')
  await ask(tracker, `/runs/${seen?.runId}/acknowledge`, { method: 'POST', body: { note } })
  const [pending] = await listRuns(tracker, '?status=pending')
  // Refused ones are written down once a second.
  const refused = await vi.waitFor(
    async () => {
      const path = '/deliveries?outcome=rejected'
      const { json } = await ask<{ deliveries: { deliveryId: string }[] }>(tracker, path)
      return need(json.deliveries[0]).deliveryId
    },
    { timeout: 10_000 },
  )
  return {
    failed: need(ofFile.find(({ status }) => status === 'failed')).runId,
    success: need(ofFile.find(({ status }) => status === 'success')).runId,
    pending: need(pending).runId,
    asset: fileId,
    refused,
  }
}

/** Opens each page in each of its states, as somebody who has just come. */
export async function visitEveryPage(
  page: Page,
  filled: Filled,
  look: (name: string) => Promise<void>,
): Promise<void> {
  const show = async (name: string, path: string) => {
    await page.goto(path)
    await look(name)
  }
  const press = async (name: string, button: string) => {
    await page.getByRole('button', { name: button }).click()
    await page.getByRole('heading', { level: 1 }).waitFor()
    await look(name)
  }
  await show('sign-in', '/admin/sign-in')
  await page.getByLabel('Admin key').fill('a key that nobody has')
  await press('sign-in refused', 'Sign in')
  await signIn(page)

  const asset = `/admin/assets/${encodeURIComponent(filled.asset)}`
  const unknown = encodeURIComponent(`no ${filled.asset}`)
  await show('overview', '/admin')
  await show('failures', '/admin/failures')
  await show('all runs', '/admin/failures?status=any&acknowledged=any')
  await show('failures by cause', '/admin/failures?group=cause')
  await show('no run', `/admin/failures?status=any&q=${unknown}`)
  await show('run failed', `/admin/runs/${filled.failed}`)
  await show('run success', `/admin/runs/${filled.success}`)
  await show('run pending', `/admin/runs/${filled.pending}`)
  await show('asset', asset)
  await show('forgetting', `${asset}/forget`)
  await show('deliveries', '/admin/deliveries')
  await show('no delivery', '/admin/deliveries?outcome=contradicted')
  await page.goto(`/admin/deliveries?outcome=applied`)
  await page.locator('tbody th a').first().click()
  await page.getByRole('heading', { name: 'Body' }).waitFor()
  await look('delivery')
  await show('delivery refused', `/admin/deliveries/${filled.refused}`)
  await show('error', `/admin/runs/${unknown}`)
  await page.goto('/admin/failures')
  await press('acknowledging', 'Acknowledge all…')
  await page.goto('/admin/failures')
  await press('retry preview', 'Retry all…')
  await press('retry progress', 'Retry 2 runs')
  await show('audit', '/admin/audit')
}

function need<T>(thing: T | undefined): T {
  if (thing === undefined) throw new Error('a page misses what it should show')
  return thing
}
