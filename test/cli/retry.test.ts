import { expect, test } from 'vitest'
import type { Received, Reply } from './fake-tracker.ts'
import { listedRun, operate, page } from './operator-answers.ts'

const COST = { total: 1, units: 130, unpriced: 0 }

/** A service on which one run was asked for again, and which tells these statuses of it one after another. */
function oneRun(...statuses: string[]) {
  const asked = listedRun('run-2', { status: 'pending', error: null, fileId: 'file-1' })
  let next = 0
  return ({ method, url }: Received): Reply => {
    if (method === 'GET' && url === '/runs/run-1')
      return { status: 200, body: { run: listedRun('run-1'), timeline: [] } }
    if (url === '/runs/retry') return { status: 200, body: COST }
    if (url === '/runs/run-1/retry') return { status: 201, body: asked }
    const status = statuses[next] ?? 'pending'
    next += 1
    const error = status === 'failed' ? { message: 'Again no foreground.' } : null
    const extensions = [{ ...asked, status, error }]
    return { status: 200, headers: { etag: `"${next}"` }, body: { fileId: 'file-1', status, extensions } }
  }
}

test('one run is asked for again, with the reason, and the cost and the new run are told', async () => {
  const { exitCode, stdout, requests } = await operate(['retry', 'run-1', '--reason', 'mended'], oneRun())
  expect(exitCode).toBe(0)
  expect(stdout).toBe('Asked again for remove-bg (1 run, 130 extension units); the new run is run-2.\n')
  expect(requests).toMatchObject([
    { method: 'GET', url: '/runs/run-1' },
    { method: 'POST', url: '/runs/retry', json: { status: 'failed', q: 'run-1', dryRun: true } },
    { method: 'POST', url: '/runs/run-1/retry', json: { reason: 'mended' } },
  ])
})

test('--wait follows the new run to its end, and exits 1 where that is no success', async () => {
  const good = await operate(['retry', 'run-1', '--wait'], oneRun('pending', 'success'))
  expect(good.stdout.split('\n').slice(1)).toEqual(['success', ''])
  expect(good.exitCode).toBe(0)
  const bad = await operate(['retry', 'run-1', '--wait', '--json'], oneRun('pending', 'failed'))
  expect(JSON.parse(bad.stdout)).toMatchObject({ runId: 'run-2', status: 'failed' })
  expect(bad.exitCode).toBe(1)
})

test('--dry-run of one run tells its cost and asks for nothing', async () => {
  const { stdout, requests } = await operate(['retry', 'run-1', '--dry-run'], oneRun())
  expect(stdout).toBe('Would ask again for 1 run, 130 extension units.\n')
  expect(requests.map(({ url }) => url)).toEqual(['/runs/run-1', '/runs/retry'])
})

test('what may not be asked for again is told', async () => {
  const refusal = { status: 409, body: { detail: 'The run is still pending: wait for its end first.' } }
  const { exitCode, stdout, stderr } = await operate(['retry', 'run-1'], ({ method }) =>
    method === 'GET' ? { status: 200, body: { run: listedRun('run-1', { status: 'pending' }) } } : refusal,
  )
  expect(stderr).toContain('still pending')
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
})

test('an id is never a path', async () => {
  const { requests } = await operate(['retry', '../doctor'], () => ({ status: 404, body: {} }))
  expect(requests.map(({ url }) => url)).toEqual(['/runs/..%2Fdoctor'])
})

/** A service that comes through a retry of three runs, of which so many are not taken. */
function manyRuns({ failed = 0, outcome = 'success', restarts = false }) {
  let looks = restarts ? 0 : 1
  return ({ method, url, json }: Received): Reply => {
    const progress = { retryId: 'retry-1', total: 3, done: 0, failed: 0, state: 'running' }
    if (url.startsWith('/runs?')) return page([listedRun('run-1'), listedRun('run-2'), listedRun('run-3')])
    if (method === 'POST' && JSON.stringify(json).includes('"dryRun":true'))
      return { status: 200, body: { total: 3, units: 260, unpriced: 1 } }
    if (method === 'POST') return { status: 202, body: progress }
    looks += 1
    if (url.startsWith('/assets/status')) {
      const status = looks < 5 ? 'pending' : outcome
      const fileIds = new URL(url, 'http://tracker').searchParams.getAll('fileId')
      const assets = fileIds.map((fileId) => ({ fileId, extensionStatus: { 'remove-bg': status } }))
      return { status: 200, body: { assets, notFound: [] } }
    }
    if (looks === 1) return { status: 503, body: {} }
    return {
      status: 200,
      body: looks < 3 ? { ...progress, done: 1 } : { ...progress, done: 3, failed, state: 'done' },
    }
  }
}

const CHOSEN = ['retry', '--status', 'failed', '--extension', 'remove-bg', '--limit', '3']
const FILTER = { status: 'failed', extension: 'remove-bg', acknowledged: false, limit: 3 }

test('many are previewed, asked for and followed, also through a restart of the service', async () => {
  const { exitCode, stdout, requests } = await operate(
    [...CHOSEN, '--reason', 'quota'],
    manyRuns({ restarts: true }),
  )
  expect(stdout).toBe(
    [
      'Asking again for 3 runs, 260 extension units; no price is known of 1 of them.',
      '3 of 3 were taken (retry retry-1).',
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

test('exits 1 where some were not taken', async () => {
  const { exitCode, stdout } = await operate([...CHOSEN, '--json'], manyRuns({ failed: 2 }))
  expect(JSON.parse(stdout)).toEqual({ retryId: 'retry-1', total: 3, done: 3, failed: 2, state: 'done' })
  expect(exitCode).toBe(1)
})

test('tells why some were not taken, whatever a reason holds', async () => {
  const notTaken = [{ runId: 'run-2', name: 'remove-bg', state: 'failed', reason: 'It is \u001b[31mgone.' }]
  const answer = manyRuns({ failed: 2 })
  const { stdout } = await operate(CHOSEN, (received) => {
    const reply = answer(received)
    return received.url.startsWith('/retries/')
      ? { ...reply, body: { ...Object(reply.body), notTaken } }
      : reply
  })
  expect(stdout.split('\n').slice(1)).toEqual([
    '1 of 3 were taken (retry retry-1).',
    '2 were not taken, the first 1 of them:',
    'RUN    EXTENSION  STATE   WHY',
    'run-2  remove-bg  failed  It is \\u{1b}[31mgone.',
    '',
  ])
})

test('--wait waits for the statuses of all, and exits 1 where some are no success', async () => {
  const good = await operate([...CHOSEN, '--wait'], manyRuns({}))
  expect(good.stdout).toContain('Now 3 success, 0 failed, 0 expired.')
  expect(good.exitCode).toBe(0)
  const bad = await operate([...CHOSEN, '--wait', '--json'], manyRuns({ outcome: 'failed' }))
  expect(JSON.parse(bad.stdout)).toMatchObject({ statuses: { success: 0, failed: 3, expired: 0 } })
  expect(bad.exitCode).toBe(1)
})

test.each([
  ['failed', []],
  ['unconfirmed', ['Now 3 success, 0 failed, 0 expired.']],
])('--wait tells of what is %s at the end: %j', async (state, end) => {
  const answer = manyRuns({ failed: 3 })
  const notTaken = [{ runId: 'run-1', name: 'remove-bg', state, reason: 'It is gone.' }]
  const { exitCode, stdout } = await operate([...CHOSEN, '--wait'], (received) => {
    const reply = answer(received)
    return received.url.startsWith('/retries/')
      ? { ...reply, body: { ...Object(reply.body), failed: 1, total: 1, done: 1, state: 'done', notTaken } }
      : reply
  })
  expect(stdout.split('\n').slice(1)).toEqual([
    '0 of 1 were taken (retry retry-1).',
    '1 was not taken:',
    'RUN    EXTENSION  ' + (state === 'failed' ? 'STATE   WHY' : 'STATE        WHY'),
    `run-1  remove-bg  ${state}  It is gone.`,
    ...end,
    '',
  ])
  expect(exitCode).toBe(1)
})

test('--dry-run of many asks for nothing, and where there are none nothing is asked either', async () => {
  const preview = await operate([...CHOSEN, '--dry-run'], manyRuns({}))
  expect(preview.stdout).toContain('Would ask again for 3 runs, 260 extension units')
  expect(preview.requests).toHaveLength(1)
  const none = await operate(CHOSEN, () => ({ status: 200, body: { total: 0, units: 0, unpriced: 0 } }))
  expect(none.stdout).toBe('There are none.\n')
  expect(none.exitCode).toBe(0)
  expect(none.requests).toHaveLength(1)
})
