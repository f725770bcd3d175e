import { once } from 'node:events'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Reply, startFakeTracker } from './fake-tracker.ts'
import { listedRun, OPERATOR_ENV, page, replyInOrder, runOperatorCommand } from './operator-responses.ts'
import { runCli } from './run-cli.ts'
import { findUnsafeCharacters } from './unsafe-characters.ts'

test('lists the failures that are not acknowledged, with the admin key', async () => {
  const { exitCode, stdout, stderr, requests } = await runOperatorCommand(['failures'], () =>
    page([listedRun('run-1'), listedRun('run-2', { error: null, cause: 'no reason given', fileName: null })]),
  )
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toBe(
    [
      'RUN    REQUESTED             STATUS  EXTENSION  FILE ID        FILE       CAUSE               ERROR',
      'run-1  2026-01-02 03:04:05Z  failed  remove-bg  file-of-run-1  run-1.png  unknown_foreground  Could not find the foreground.',
      'run-2  2026-01-02 03:04:05Z  failed  remove-bg  file-of-run-2  -          no reason given     -',
      '',
    ].join('\n'),
  )
  expect(requests).toMatchObject([
    {
      method: 'GET',
      url: '/runs?status=failed&acknowledged=false&limit=50',
      headers: { authorization: 'Bearer a-secret-of-the-operator' },
    },
  ])
})

test.each([
  [['--status', 'expired'], { status: 'expired', acknowledged: 'false' }],
  [['--acknowledged'], { status: 'failed', acknowledged: 'true' }],
  [['--all'], { status: 'failed' }],
  [
    ['--extension', 'remove-bg', '--cause', 'a & b', '--search', 'mug=1?'],
    { status: 'failed', extension: 'remove-bg', cause: 'a & b', q: 'mug=1?', acknowledged: 'false' },
  ],
  [
    ['--since', '2026-01-02', '--until', '2026-01-02T12:00:00+02:00'],
    {
      status: 'failed',
      since: '2026-01-02T00:00:00.000Z',
      until: '2026-01-02T10:00:00.000Z',
      acknowledged: 'false',
    },
  ],
])('%j is sent as a filter', async (options, query) => {
  const { requests } = await runOperatorCommand(['failures', ...options], () => page([]))
  const { searchParams } = new URL(requests[0]?.url ?? '', 'http://tracker')
  expect(Object.fromEntries(searchParams)).toEqual({ ...query, limit: '50' })
})

test('--since and --until accept a time as the list prints it', async () => {
  const listed = await runOperatorCommand(['failures'], () => page([listedRun('run-1')]))
  const [shown = ''] = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/.exec(listed.stdout) ?? []
  const { exitCode, requests } = await runOperatorCommand(
    ['failures', '--since', shown, '--until', shown],
    () => page([]),
  )
  expect(exitCode).toBe(0)
  const { searchParams } = new URL(requests[0]?.url ?? '', 'http://tracker')
  for (const name of ['since', 'until'])
    expect(searchParams.get(name)).toBe(new Date(shown.replace(' ', 'T')).toISOString())
})

test('--since accepts a duration, such as 2h, counted back from now', async () => {
  const before = Date.now()
  const { requests } = await runOperatorCommand(['failures', '--since', '2h'], () => page([]))
  const since = new URL(requests[0]?.url ?? '', 'http://tracker').searchParams.get('since') ?? ''
  expect(Math.abs(Date.parse(since) - (before - 7_200_000))).toBeLessThan(10_000)
})

test('more runs than fit on a page are requested page by page, and stderr says that there are more', async () => {
  const all = Array.from({ length: 300 }, (_, n) => listedRun(`run-${n}`))
  const reply = replyInOrder(page(all.slice(0, 200), 'CURSOR'), page(all.slice(200, 250), 'NEXT'))
  const { stdout, stderr, requests } = await runOperatorCommand(['failures', '--limit', '250'], reply)
  expect(stdout.trimEnd().split('\n')).toHaveLength(251)
  expect(stderr).toBe('Only the newest 250 are shown; use --limit to show more.\n')
  expect(requests.map(({ url }) => url)).toEqual([
    '/runs?status=failed&acknowledged=false&limit=200',
    '/runs?status=failed&acknowledged=false&limit=50&cursor=CURSOR',
  ])
})

test("--json prints the service's object on one line, also if it has no runs", async () => {
  const run = listedRun('run-1')
  const listed = await runOperatorCommand(['failures', '--json', '--limit', '1'], () => page([run], 'CURSOR'))
  expect(listed.stdout.trimEnd()).not.toContain('\n')
  expect(JSON.parse(listed.stdout)).toEqual({ runs: [run], nextCursor: 'CURSOR' })
  expect(listed.stderr).toBe('')
  const none = await runOperatorCommand(['failures', '--json'], () => page([]))
  expect(JSON.parse(none.stdout)).toEqual({ runs: [], nextCursor: null })
})

test('without runs, a sentence is printed instead of the table', async () => {
  expect((await runOperatorCommand(['failures'], () => page([]))).stdout).toBe('No runs.\n')
})

/** The response to `GET /stats`, with the fields that `--watch` reads. */
function activity(counts: { failed: number; pending: number }, oldestPendingAt: string | null): Reply {
  const byStatus = { success: 0, expired: 0, ...counts }
  const byHour = [{ hour: '2026-01-02T03:00:00.000Z', success: 0, failed: counts.failed, expired: 0 }]
  return { status: 200, body: { byStatus, byHour, oldestPendingAt } }
}

const UNAVAILABLE: Reply = { status: 503, body: { detail: 'Not now.' } }

test('after a change, --watch requests only the runs that may be new; it shows each run once, even after a failed poll', async () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 2, 3, 4, second)).toISOString()
  const run = (n: number) => listedRun(`run-${n}`, { requestedAt: at(n) })
  // The failed runs and the time of the oldest pending run, at each poll of `GET /stats`.
  const polls: ({ failed: number[]; oldestPendingAt: string | null } | 'unavailable')[] = [
    { failed: [2], oldestPendingAt: at(1) },
    { failed: [2], oldestPendingAt: at(1) },
    // Run 1, which was pending, has failed.
    { failed: [2, 1], oldestPendingAt: null },
    'unavailable',
    { failed: [3, 2, 1], oldestPendingAt: null },
    { failed: [3, 2, 1], oldestPendingAt: null },
  ]
  let poll = -1
  const tracker = await startFakeTracker(({ url }): Reply => {
    const isPoll = url.startsWith('/stats')
    if (isPoll) poll = Math.min(poll + 1, polls.length - 1)
    const current = polls[poll] ?? 'unavailable'
    if (current === 'unavailable') return UNAVAILABLE
    const { failed, oldestPendingAt } = current
    if (!isPoll) return page(failed.map(run))
    return activity({ failed: failed.length, pending: oldestPendingAt === null ? 0 : 1 }, oldestPendingAt)
  })
  const stop = new AbortController()
  let shown = ''
  const watching = runCli(['failures', '--watch', '--json'], {
    env: { TRACKER_URL: tracker.url, ...OPERATOR_ENV },
    stopRequested: async () => void (await once(stop.signal, 'abort')),
    onOutput: (stdout) => {
      shown = stdout
    },
  })
  await expect.poll(() => shown, { timeout: 15_000 }).toContain('run-3')
  const countPolls = () => tracker.requests.filter(({ url }) => url.startsWith('/stats')).length
  const pollsBefore = countPolls()
  await expect.poll(countPolls, { timeout: 15_000 }).toBeGreaterThan(pollsBefore)
  stop.abort()
  const { exitCode, stdout, stderr } = await watching
  const lines = stdout.trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line).runs)).toEqual([[run(2)], [run(1)], [run(3)]])
  expect(exitCode).toBe(0)
  expect(stderr.match(/Retrying: Not now\./g)).toHaveLength(1)
  const sinceParameters = tracker.requests
    .filter(({ url }) => url.startsWith('/runs'))
    .map(({ url }) => new URL(url, 'http://tracker').searchParams.get('since'))
  const minuteBefore = (second: number) => new Date(Date.parse(at(second)) - 60_000).toISOString()
  // The first list has no bound. The second starts a minute before the oldest run that was pending at the previous poll, the third a
  // minute before the newest listed run.
  expect(sinceParameters).toEqual([null, minuteBefore(1), minuteBefore(2)])
})

test('--watch shows an old expired run that a late webhook settles, because once a minute it requests all matching runs after a change', async () => {
  const recent = listedRun('run-2', { requestedAt: '2026-01-02T00:00:00.000Z' })
  const old = listedRun('run-1', { requestedAt: '2026-01-01T00:00:00.000Z' })
  let failed = 1
  const tracker = await startFakeTracker(({ url }): Reply => {
    if (url.startsWith('/stats')) return activity({ failed, pending: 0 }, null)
    const since = new URL(url, 'http://tracker').searchParams.get('since') ?? ''
    const listed = failed === 1 ? [recent] : [recent, old]
    return page(listed.filter(({ requestedAt }) => requestedAt >= since))
  })
  const countLists = () => tracker.requests.filter(({ url }) => url.startsWith('/runs')).length
  const stop = new AbortController()
  let shown = ''
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 3) })
  onTestFinished(() => void vi.useRealTimers())
  const watching = runCli(['failures', '--watch', '--json'], {
    env: { TRACKER_URL: tracker.url, ...OPERATOR_ENV },
    stopRequested: async () => void (await once(stop.signal, 'abort')),
    onOutput: (stdout) => {
      shown = stdout
    },
  })
  await expect.poll(() => shown).toContain('run-2')
  failed = 2
  await expect.poll(countLists).toBe(2)
  expect(shown).not.toContain('run-1')
  vi.setSystemTime(Date.UTC(2026, 0, 3, 0, 1))
  await expect.poll(() => shown).toContain('run-1')
  stop.abort()
  expect((await watching).exitCode).toBe(0)
})

const HOSTILE = '\u001b]0;owned\u0007\u009b2J\u202e\r\nrun-9  all is well.png'

test('escape sequences in the extension, file, cause and error of a run are escaped', async () => {
  const run = listedRun('run-1', {
    fileName: HOSTILE,
    fileId: HOSTILE,
    name: HOSTILE,
    cause: HOSTILE,
    error: { message: HOSTILE },
  })
  for (const options of [[], ['--json']]) {
    const { stdout } = await runOperatorCommand(['failures', ...options], () => page([run]), { isTTY: true })
    // The colour of the status is the only escape sequence.
    const withoutColours = stdout.replaceAll('\u001b[31m', '').replaceAll('\u001b[39m', '')
    expect(findUnsafeCharacters(withoutColours.replaceAll('\n', ''))).toEqual([])
    expect(stdout.trimEnd().split('\n')).toHaveLength(options.length === 0 ? 2 : 1)
  }
})

test('escape sequences in an error response are escaped', async () => {
  const { stderr } = await runOperatorCommand(['failures'], () => ({
    status: 400,
    body: { detail: HOSTILE },
  }))
  expect(stderr).toContain('owned')
  expect(findUnsafeCharacters(stderr.replaceAll('\n', ''))).toEqual([])
})

test.each([
  [403, 'An admin key is needed here', []],
  [401, 'not known', ['The key in TRACKER_ADMIN_KEY was sent; the service does not accept it.']],
])('an error response (%i) is printed, with a hint if there is one', async (status, detail, hints) => {
  const { exitCode, stdout, stderr } = await runOperatorCommand(['failures'], () => ({
    status,
    body: { detail },
  }))
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
  expect(stderr.trimEnd().split('\n')).toEqual([expect.stringContaining(detail), ...hints])
})

test('with an API key the hint is to set an admin key', async () => {
  const tracker = await startFakeTracker(() => ({ status: 403, body: { detail: 'An admin key is needed.' } }))
  const env = { TRACKER_URL: tracker.url, TRACKER_API_KEY: 'a-secret-of-the-tracker' }
  const { exitCode, stderr } = await runCli(['failures'], { env })
  expect(stderr).toContain('set TRACKER_ADMIN_KEY')
  expect(exitCode).toBe(1)
})

test('reports a response that is not from the service', async () => {
  const { exitCode, stderr } = await runOperatorCommand(['failures'], () => ({
    status: 200,
    body: { hello: 'world' },
  }))
  expect(stderr).toContain('Does TRACKER_URL point to the service?')
  expect(exitCode).toBe(1)
})
