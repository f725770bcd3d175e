import { ADMIN_KEY, type RunningTracker } from './tracker.ts'

/** The fields that tests read of a run in the response of `GET /runs`. */
export type OperatorRun = {
  runId: string
  name: string
  status: string
  source: string
  attempt: number
  submissionId: string
  fileId: string | null
  fileName: string | null
  kind: string
  cause: string | null
  acknowledgedAt: string | null
}

/** `json`: undefined if the response has no body. */
export type OperatorResponse<T> = { status: number; headers: Headers; json: T }

/** Sends a request to the JSON API, by default with the admin key. `body` is sent as JSON, or unchanged if it is a string. */
export async function ask<T = Record<string, unknown>>(
  tracker: Pick<RunningTracker, 'fetch'>,
  path: string,
  init: { method?: string; body?: unknown; key?: string } = {},
): Promise<OperatorResponse<T>> {
  const { method = 'GET', body, key = ADMIN_KEY } = init
  const response = await tracker.fetch(path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    json: text === '' ? undefined : JSON.parse(text),
  }
}

export async function listRuns(tracker: RunningTracker, query = ''): Promise<OperatorRun[]> {
  const { status, json } = await ask<{ runs: OperatorRun[] }>(tracker, `/runs${query}`)
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(json)}`)
  return json.runs
}

export type DoctorCheck = { name: string; level: string; message: string; remedy: string | null }

/** Runs the diagnostics of the service. Returns the checks with this name. */
export async function checksOf(tracker: RunningTracker, name: string): Promise<DoctorCheck[]> {
  const { status, json } = await ask<{ checks: DoctorCheck[] }>(tracker, '/doctor')
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(json)}`)
  return json.checks.filter((check) => check.name === name)
}
