import { type OperatorBrowser, signIn } from '../support/operator-browser.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, register } from '../support/webhooks.ts'

/** A tracker, and an operator who is signed in. */
export async function startOperated(): Promise<{ tracker: RunningTracker; browser: OperatorBrowser }> {
  const tracker = await startTracker()
  return { tracker, browser: await signIn(tracker) }
}

/** A run that has failed, as ImageKit would tell it. */
export async function fail(
  tracker: RunningTracker,
  service: string,
  fileId: string,
  error: unknown = { message: `${service} could not do it`, reason: 'broken' },
): Promise<void> {
  const { webhookUrl } = await register(tracker, [service], fileId)
  await deliver(webhookUrl, { service, status: 'FAILURE', fileId, error })
}
