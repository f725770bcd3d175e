import type { RunningTracker } from './tracker.ts'

export const FILE_ID = '598821f949c0a938d57563bd'

/** Updates a file through the tracker. */
export function update(
  tracker: RunningTracker,
  body: object | string,
  init: { fileId?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  const { fileId = FILE_ID, headers = {} } = init
  return tracker.fetch(`/v1/files/${encodeURIComponent(fileId)}/details`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}
