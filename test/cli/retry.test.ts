import { expect, test } from 'vitest'
import type { ReceivedRequest, Reply } from './fake-tracker.ts'
import { listedRun, replyInOrder, runOperatorCommand } from './operator-responses.ts'

const COST = { total: 1, units: 130, unpriced: 0 }

/** The response to `GET /runs/run-1`, with the fields that the command reads. The run is the current one: `currentRunId` is null. */
function runResponse(more: object = {}): Reply {
  const run = { ...listedRun('run-1', more), contradicted: false, currentRunId: null }
  return { status: 200, body: { run } }
}

/**
 * Replies of a service that retries one run. Each request for the asset's status gets the next of the `statuses`, as that of the
 * new run; after the last one, `pending`.
 */
function retryOfOneRun(...statuses: string[]) {
  const newRun = listedRun('run-2', { status: 'pending', error: null, fileId: 'file-1' })
  let next = 0
  return ({ method, url }: ReceivedRequest): Reply => {
    if (method === 'GET' && url === '/runs/run-1') return runResponse()
    if (url === '/runs/retry') return { status: 200, body: COST }
    if (url === '/runs/run-1/retry') return { status: 201, body: newRun }
    const status = statuses[next] ?? 'pending'
    next += 1
    const error = status === 'failed' ? { message: 'Again no foreground.' } : null
    const extensions = [{ ...newRun, status, error }]
    const asset = { fileId: 'file-1', status, extensionStatus: { 'remove-bg': status }, extensions }
    const body = { ...asset, updatedAt: newRun.requestedAt }
    return { status: 200, headers: { etag: `"${next}"` }, body }
  }
}

test('retries one run with the reason, and prints the cost and the new run', async () => {
  const { exitCode, stdout, requests } = await runOperatorCommand(
    ['retry', 'run-1', '--reason', 'fixed'],
    retryOfOneRun(),
  )
  expect(exitCode).toBe(0)
  expect(stdout).toBe('Retried remove-bg (1 run, 130 extension units); the new run is run-2.\n')
  expect(requests).toMatchObject([
    { method: 'GET', url: '/runs/run-1' },
    { method: 'POST', url: '/runs/retry', json: { status: 'failed', q: 'run-1', dryRun: true } },
    { method: 'POST', url: '/runs/run-1/retry', json: { reason: 'fixed' } },
  ])
})

test('--wait waits for the final status of the new run, and the command exits with 3 if it failed', async () => {
  const good = await runOperatorCommand(['retry', 'run-1', '--wait'], retryOfOneRun('pending', 'success'))
  expect(good.stdout.split('\n').slice(1)).toEqual(['success', ''])
  expect(good.exitCode).toBe(0)
  const bad = await runOperatorCommand(
    ['retry', 'run-1', '--wait', '--json'],
    retryOfOneRun('pending', 'failed'),
  )
  expect(JSON.parse(bad.stdout)).toMatchObject({ runId: 'run-2', status: 'failed' })
  expect(bad.exitCode).toBe(3)
})

test('--dry-run of one run prints its cost and retries nothing', async () => {
  const { stdout, requests } = await runOperatorCommand(['retry', 'run-1', '--dry-run'], retryOfOneRun())
  expect(stdout).toBe('Would retry 1 run, 130 extension units.\n')
  expect(requests.map(({ url }) => url)).toEqual(['/runs/run-1', '/runs/retry'])
})

test('--dry-run of a pending run says that it cannot be retried yet', async () => {
  const { exitCode, stdout, requests } = await runOperatorCommand(['retry', 'run-1', '--dry-run'], () =>
    runResponse({ status: 'pending' }),
  )
  expect(stdout).toBe('The run is still pending, so it cannot be retried yet.\n')
  expect(exitCode).toBe(0)
  expect(requests.map(({ url }) => url)).toEqual(['/runs/run-1'])
})

test('prints why a run cannot be retried', async () => {
  const rejection = { status: 409, body: { detail: 'The run is still pending: wait until it settles.' } }
  const { exitCode, stdout, stderr } = await runOperatorCommand(['retry', 'run-1'], ({ method }) =>
    method === 'GET' ? runResponse({ status: 'pending' }) : rejection,
  )
  expect(stderr).toContain('still pending')
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
})

test('the run id is encoded as one path segment', async () => {
  const { requests } = await runOperatorCommand(['retry', '../doctor'], () => ({ status: 404, body: {} }))
  expect(requests.map(({ url }) => url)).toEqual(['/runs/..%2Fdoctor'])
})

type Results = { [result: string]: number }

/**
 * Replies of a service that retries three runs. Its progress, poll by poll: 503 if `restarts`; then `running`; then `done`, with
 * each of the `results` in turn. The last one is repeated.
 */
function retryOfThreeRuns(options: { results?: Results[]; notAccepted?: object[]; restarts?: boolean } = {}) {
  const { results = [{ success: 3 }], notAccepted = [], restarts = false } = options
  const none = { success: 0, failed: 0, expired: 0, pending: 0, rejected: 0, unconfirmed: 0 }
  const progress = {
    retryId: 'retry-1',
    total: 3,
    done: 0,
    failed: 0,
    state: 'running',
    results: none,
    notAccepted,
  }
  const doneReply = (result: Results): Reply => {
    const now = { ...none, ...result }
    // Here `failed` counts the submissions that were not accepted, not failed runs.
    const failed = now.rejected + now.unconfirmed
    return { status: 200, body: { ...progress, done: 3, failed, state: 'done', results: now } }
  }
  const poll = replyInOrder(
    ...(restarts ? [{ status: 503, body: {} }] : []),
    { status: 200, body: { ...progress, done: 1, results: { ...none, pending: 1 } } },
    ...results.map(doneReply),
  )
  return ({ method, json }: ReceivedRequest): Reply => {
    if (method === 'POST' && JSON.stringify(json).includes('"dryRun":true'))
      return { status: 200, body: { total: 3, units: 260, unpriced: 1 } }
    return method === 'POST' ? { status: 202, body: progress } : poll()
  }
}

const RETRY_MANY = ['retry', '--status', 'failed', '--extension', 'remove-bg', '--limit', '3']
/** The filter of `RETRY_MANY` in a request. Without the options `--acknowledged` and `--all`, acknowledged runs don't match. */
const FILTER = { status: 'failed', extension: 'remove-bg', acknowledged: false, limit: 3 }

test('many runs are previewed, retried and followed until all are submitted, even through a restart of the service', async () => {
  const { exitCode, stdout, requests } = await runOperatorCommand(
    [...RETRY_MANY, '--reason', 'quota'],
    retryOfThreeRuns({ restarts: true }),
  )
  expect(stdout).toBe(
    [
      'Retrying 3 runs, 260 extension units; price unknown for 1 of them.',
      'ImageKit accepted 3 of 3 submissions (retry retry-1).',
      'New runs: 3 succeeded, 0 failed, 0 expired, 0 pending.',
      '',
    ].join('\n'),
  )
  expect(exitCode).toBe(0)
  const posted = requests.filter(({ method }) => method === 'POST')
  expect(posted.map(({ json }) => json)).toEqual([
    { ...FILTER, dryRun: true },
    { ...FILTER, reason: 'quota' },
  ])
})

test('with rejected or unconfirmed submissions, the command exits with 1 and prints their reasons, escaped', async () => {
  const results = [{ success: 1, rejected: 1, unconfirmed: 1 }]
  // The state `failed` of an item is printed as `rejected`, so that it does not look like the status of a run.
  const notAccepted = [
    { runId: 'run-2', name: 'remove-bg', state: 'failed', reason: 'It is \u001b[31mgone.' },
    { runId: 'run-3', name: 'remove-bg', state: 'unconfirmed', reason: 'No response.' },
  ]
  const { exitCode, stdout } = await runOperatorCommand(
    RETRY_MANY,
    retryOfThreeRuns({ results, notAccepted }),
  )
  expect(stdout.split('\n').slice(1)).toEqual([
    'ImageKit accepted 1 of 3 submissions (retry retry-1).',
    '2 were not accepted:',
    'RUN    EXTENSION  STATE        REASON',
    'run-2  remove-bg  rejected     It is \\u{1b}[31mgone.',
    'run-3  remove-bg  unconfirmed  No response.',
    'New runs: 1 succeeded, 0 failed, 0 expired, 0 pending.',
    '',
  ])
  expect(exitCode).toBe(1)
})

test('--wait waits until no new run is pending, and the command exits with 3 if one failed', async () => {
  const results = [{ pending: 3 }, { pending: 1, success: 1, failed: 1 }, { success: 2, failed: 1 }]
  const waited = await runOperatorCommand([...RETRY_MANY, '--wait'], retryOfThreeRuns({ results }))
  expect(waited.stdout).toContain('ImageKit accepted 3 of 3 submissions')
  expect(waited.stdout).toContain('New runs: 2 succeeded, 1 failed, 0 expired, 0 pending.')
  expect(waited.exitCode).toBe(3)
  const good = await runOperatorCommand(
    [...RETRY_MANY, '--wait', '--json'],
    retryOfThreeRuns({ results: [{ pending: 3 }, { success: 3 }] }),
  )
  expect(JSON.parse(good.stdout)).toMatchObject({ state: 'done', results: { success: 3, pending: 0 } })
  expect(good.exitCode).toBe(0)
  const withoutWait = await runOperatorCommand(RETRY_MANY, retryOfThreeRuns({ results: [{ pending: 3 }] }))
  expect(withoutWait.stdout).toContain('New runs: 0 succeeded, 0 failed, 0 expired, 3 pending.')
  expect(withoutWait.exitCode).toBe(0)
})

test('--wait does not wait for unconfirmed submissions, whose final status may never arrive', async () => {
  const { exitCode, stdout } = await runOperatorCommand(
    [...RETRY_MANY, '--wait'],
    retryOfThreeRuns({ results: [{ success: 2, unconfirmed: 1 }] }),
  )
  expect(stdout).toContain('ImageKit accepted 2 of 3 submissions')
  expect(exitCode).toBe(1)
})

test('with --dry-run, or if no run matches the filter, nothing is retried', async () => {
  const preview = await runOperatorCommand([...RETRY_MANY, '--dry-run'], retryOfThreeRuns())
  expect(preview.stdout).toContain('Would retry 3 runs, 260 extension units')
  expect(preview.requests).toHaveLength(1)
  const none = await runOperatorCommand(RETRY_MANY, () => ({
    status: 200,
    body: { total: 0, units: 0, unpriced: 0 },
  }))
  expect(none.stdout).toBe('No runs.\n')
  expect(none.exitCode).toBe(0)
  expect(none.requests).toHaveLength(1)
})
