import type { Reply } from './fake-tracker.ts'

export const FILE_ID = '598821f949c0a938d57563bd'
export const SUBMISSION_ID = 'sub_7_AbCdEfGhIjk'

/** The response to an upload whose extensions have these statuses. */
export function uploaded(extensionStatus?: { [name: string]: string }): Reply {
  return {
    status: 200,
    body: {
      fileId: FILE_ID,
      name: 'photo_a1b2.png',
      url: 'https://ik.example/photo_a1b2.png',
      size: 5,
      ...(extensionStatus && { extensionStatus }),
    },
    headers: {
      'x-submission-id': SUBMISSION_ID,
      link: `<https://tracker.example/assets/${FILE_ID}/status?token=abc>; rel="status", <https://tracker.example/assets/${FILE_ID}/events?token=abc>; rel="events"`,
    },
  }
}

/** The status of an asset whose current runs have these statuses; failed ones with an error. */
export function assetStatus(extensionStatus: { [name: string]: string }, etag = '"1"'): Reply {
  const statuses = Object.values(extensionStatus)
  const status =
    ['pending', 'failed', 'expired', 'success'].find((candidate) => statuses.includes(candidate)) ?? 'none'
  return {
    status: 200,
    headers: { etag },
    body: {
      fileId: FILE_ID,
      status,
      extensionStatus,
      extensions: Object.entries(extensionStatus).map(([name, runStatus], index) => ({
        runId: `run-${index}`,
        name,
        status: runStatus,
        source: runStatus === 'pending' ? 'response' : 'webhook',
        attempt: 1,
        submissionId: SUBMISSION_ID,
        requestedAt: '2026-01-02T03:04:05.000Z',
        settledAt: null,
        error: runStatus === 'failed' ? { message: 'Could not find the foreground.' } : null,
      })),
      updatedAt: '2026-01-02T03:04:06.000Z',
    },
  }
}
