import { type OperatorBrowser, signIn } from '../support/operator-browser.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, register } from '../support/webhooks.ts'

/** Starts a tracker and signs an operator in. */
export async function startSignedIn(): Promise<{ tracker: RunningTracker; browser: OperatorBrowser }> {
  const tracker = await startTracker()
  return { tracker, browser: await signIn(tracker) }
}

/** Registers a submission with one extension, and settles its run as failed with a webhook. */
export async function fail(
  tracker: RunningTracker,
  service: string,
  fileId: string,
  error: unknown = { message: `${service} could not do it`, reason: 'broken' },
): Promise<void> {
  const { webhookUrl } = await register(tracker, [service], fileId)
  await deliver(webhookUrl, { service, status: 'FAILURE', fileId, error })
}
