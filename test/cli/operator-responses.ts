import { type ReceivedRequest, type Reply, startFakeTracker } from './fake-tracker.ts'
import { type CliOptions, runCli } from './run-cli.ts'

export const OPERATOR_ENV = { TRACKER_ADMIN_KEY: 'ops:a-secret-of-the-operator' }

/** A failed run as the service lists it. */
export function listedRun(runId: string, more: object = {}) {
  return {
    runId,
    name: 'remove-bg',
    status: 'failed',
    source: 'webhook',
    attempt: 1,
    submissionId: `submission-of-${runId}`,
    requestedAt: '2026-01-02T03:04:05.678Z',
    settledAt: '2026-01-02T03:04:09.000Z',
    error: { message: 'Could not find the foreground.', reason: 'unknown_foreground' },
    fileId: `file-of-${runId}`,
    fileName: `${runId}.png`,
    kind: 'upload',
    acknowledgedAt: null,
    cause: 'unknown_foreground',
    ...more,
  }
}

/** A response with one page of runs. */
export function page(runs: object[], nextCursor: string | null = null): Reply {
  return { status: 200, body: { runs, nextCursor } }
}

/** Runs one command against a fake tracker that responds with `reply`. Resolves also with the requests that it received. */
export async function runOperatorCommand(
  args: string[],
  reply: (received: ReceivedRequest) => Reply | Promise<Reply>,
  options: Omit<CliOptions, 'env'> = {},
) {
  const tracker = await startFakeTracker(reply)
  const env = { TRACKER_URL: tracker.url, ...OPERATOR_ENV }
  return { ...(await runCli(args, { ...options, env })), requests: tracker.requests }
}

/** Returns the replies in order, then repeats the last one. */
export function replyInOrder(...replies: Reply[]): () => Reply {
  let next = -1
  return () => {
    next = Math.min(next + 1, replies.length - 1)
    return replies[next] ?? { status: 500 }
  }
}
