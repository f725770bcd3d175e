import { type OperatorBrowser, signIn } from '../support/operator-browser.ts'
import { ADMIN_KEY, type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, register } from '../support/webhooks.ts'

export type ToldRun = {
  runId: string
  name: string
  status: string
  fileId: string | null
  acknowledgedAt: string | null
  attempt: number
}

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

/** Runs as the operators' routes tell them. */
export async function listRuns(tracker: RunningTracker, query = ''): Promise<ToldRun[]> {
  const headers = { authorization: `Bearer ${ADMIN_KEY}` }
  const answer = await tracker.fetch(`/runs${query}`, { headers })
  const { runs } = (await answer.json()) as { runs: ToldRun[] }
  return runs
}
