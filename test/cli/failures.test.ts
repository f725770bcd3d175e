import { once } from 'node:events'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Reply, startFakeTracker } from './fake-tracker.ts'
import { inTurn, listedRun, OPERATOR, operate, page } from './operator-answers.ts'
import { runCli } from './run-cli.ts'
import { ordersIn } from './terminal-orders.ts'

test('lists the failures that nobody has seen to, as an operator', async () => {
  const { exitCode, stdout, stderr, requests } = await operate(['failures'], () =>
    page([listedRun('run-1'), listedRun('run-2', { error: null, cause: 'no cause told', fileName: null })]),
  )
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toBe(
    [
      'RUN    REQUESTED             STATUS  EXTENSION  FILE ID        FILE       CAUSE               ERROR',
      'run-1  2026-01-02 03:04:05Z  failed  remove-bg  file-of-run-1  run-1.png  unknown_foreground  Could not find the foreground.',
      'run-2  2026-01-02 03:04:05Z  failed  remove-bg  file-of-run-2  -          no cause told       -',
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
    ['--extension', 'remove-bg', '--cause', 'a & b', '--q', 'mug=1?'],
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
])('%j asks for those', async (options, query) => {
  const { requests } = await operate(['failures', ...options], () => page([]))
  const asked = new URL(requests[0]?.url ?? '', 'http://tracker').searchParams
  expect(Object.fromEntries(asked)).toEqual({ ...query, limit: '50' })
})

test('--since and --until accept a time as the list prints it', async () => {
  const listed = await operate(['failures'], () => page([listedRun('run-1')]))
  const [shown = ''] = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/.exec(listed.stdout) ?? []
  const { exitCode, requests } = await operate(['failures', '--since', shown, '--until', shown], () =>
    page([]),
  )
  expect(exitCode).toBe(0)
  const { searchParams } = new URL(requests[0]?.url ?? '', 'http://tracker')
  for (const name of ['since', 'until'])
    expect(searchParams.get(name)).toBe(new Date(shown.replace(' ', 'T')).toISOString())
})

test('--since takes how long ago', async () => {
  const before = Date.now()
  const { requests } = await operate(['failures', '--since', '2h'], () => page([]))
  const since = new URL(requests[0]?.url ?? '', 'http://tracker').searchParams.get('since') ?? ''
  expect(Math.abs(Date.parse(since) - (before - 7_200_000))).toBeLessThan(10_000)
})

test('a limit beyond a page is read page by page, and where there are more that is told', async () => {
  const all = Array.from({ length: 300 }, (_, n) => listedRun(`run-${n}`))
  const reply = inTurn(page(all.slice(0, 200), 'CURSOR'), page(all.slice(200, 250), 'NEXT'))
  const { stdout, stderr, requests } = await operate(['failures', '--limit', '250'], reply)
  expect(stdout.trimEnd().split('\n')).toHaveLength(251)
  expect(stderr).toBe('There are more than these 250; --limit shows more of them.\n')
  expect(requests.map(({ url }) => url)).toEqual([
    '/runs?status=failed&acknowledged=false&limit=200',
    '/runs?status=failed&acknowledged=false&limit=50&cursor=CURSOR',
  ])
})

test("--json prints the service's own objects on one line, none included", async () => {
  const run = listedRun('run-1')
  const told = await operate(['failures', '--json', '--limit', '1'], () => page([run], 'CURSOR'))
  expect(told.stdout.trimEnd()).not.toContain('\n')
  expect(JSON.parse(told.stdout)).toEqual({ runs: [run], nextCursor: 'CURSOR' })
  expect(told.stderr).toBe('')
  const none = await operate(['failures', '--json'], () => page([]))
  expect(JSON.parse(none.stdout)).toEqual({ runs: [], nextCursor: null })
  expect((await operate(['failures'], () => page([]))).stdout).toBe('There are none.\n')
})

test('--watch requests only what may be new, and shows it once, through a restart, until it is stopped', async () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 2, 3, 4, second)).toISOString()
  const run = (n: number) => listedRun(`run-${n}`, { requestedAt: at(n) })
  // What is listed and what the stats say, after so many looks.
  const looks: { failed: number[]; oldestPendingAt: string | null }[] = [
    { failed: [2], oldestPendingAt: at(1) },
    { failed: [2], oldestPendingAt: at(1) },
    // The run before has failed only now.
    { failed: [2, 1], oldestPendingAt: null },
    { failed: [3, 2, 1], oldestPendingAt: null },
    { failed: [3, 2, 1], oldestPendingAt: null },
  ]
  let look = -1
  let isDown = false
  const tracker = await startFakeTracker(({ url }): Reply => {
    if (url.startsWith('/stats')) {
      look = Math.min(look + 1, looks.length - 1)
      isDown = look === 3 && !isDown
      if (isDown) {
        look -= 1
        return { status: 503, body: { detail: 'Not now.' } }
      }
    }
    const { failed, oldestPendingAt } = looks[look] ?? { failed: [], oldestPendingAt: null }
    if (!url.startsWith('/stats')) return page(failed.map(run))
    const counts = { failed: failed.length, pending: oldestPendingAt === null ? 0 : 1 }
    return { status: 200, body: { byStatus: counts, byHour: [counts], oldestPendingAt } }
  })
  const stop = new AbortController()
  let shown = ''
  const watching = runCli(['failures', '--watch', '--json'], {
    env: { TRACKER_URL: tracker.url, ...OPERATOR },
    stopRequested: async () => void (await once(stop.signal, 'abort')),
    onOutput: (stdout) => {
      shown = stdout
    },
  })
  await expect.poll(() => shown, { timeout: 15_000 }).toContain('run-3')
  const statsOf = () => tracker.requests.filter(({ url }) => url.startsWith('/stats')).length
  const asked = statsOf()
  await expect.poll(statsOf, { timeout: 15_000 }).toBeGreaterThan(asked)
  stop.abort()
  const { exitCode, stdout, stderr } = await watching
  const lines = stdout.trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line).runs)).toEqual([[run(2)], [run(1)], [run(3)]])
  expect(exitCode).toBe(0)
  expect(stderr.match(/It is asked again: Not now\./g)).toHaveLength(1)
  const sinces = tracker.requests
    .filter(({ url }) => url.startsWith('/runs'))
    .map(({ url }) => new URL(url, 'http://tracker').searchParams.get('since'))
  const minuteBefore = (second: number) => new Date(Date.parse(at(second)) - 60_000).toISOString()
  // Nothing is listed while nothing happens.
  expect(sinces).toEqual([null, minuteBefore(1), minuteBefore(2)])
})

test('--watch shows an old run that had expired and fails late, within a minute', async () => {
  const recent = listedRun('run-2', { requestedAt: '2026-01-02T00:00:00.000Z' })
  const old = listedRun('run-1', { requestedAt: '2026-01-01T00:00:00.000Z' })
  let failed = 1
  const tracker = await startFakeTracker(({ url }): Reply => {
    if (url.startsWith('/stats'))
      return { status: 200, body: { byStatus: { failed }, byHour: [], oldestPendingAt: null } }
    const since = new URL(url, 'http://tracker').searchParams.get('since') ?? ''
    const listed = failed === 1 ? [recent] : [recent, old]
    return page(listed.filter(({ requestedAt }) => requestedAt >= since))
  })
  const lists = () => tracker.requests.filter(({ url }) => url.startsWith('/runs')).length
  const stop = new AbortController()
  let shown = ''
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 3) })
  onTestFinished(() => void vi.useRealTimers())
  const watching = runCli(['failures', '--watch', '--json'], {
    env: { TRACKER_URL: tracker.url, ...OPERATOR },
    stopRequested: async () => void (await once(stop.signal, 'abort')),
    onOutput: (stdout) => {
      shown = stdout
    },
  })
  await expect.poll(() => shown).toContain('run-2')
  failed = 2
  await expect.poll(lists).toBe(2)
  expect(shown).not.toContain('run-1')
  vi.setSystemTime(Date.UTC(2026, 0, 3, 0, 1))
  await expect.poll(() => shown).toContain('run-1')
  stop.abort()
  expect((await watching).exitCode).toBe(0)
})

const HOSTILE = '\u001b]0;owned\u0007\u009b2J\u202e\r\nrun-9  all is well.png'

test('a hostile file name, error or cause gives the terminal no orders', async () => {
  const run = listedRun('run-1', {
    fileName: HOSTILE,
    fileId: HOSTILE,
    name: HOSTILE,
    cause: HOSTILE,
    error: { message: HOSTILE },
  })
  for (const options of [[], ['--json']]) {
    const { stdout } = await operate(['failures', ...options], () => page([run]), { isTTY: true })
    const withoutColours = stdout.replaceAll('\u001b[31m', '').replaceAll('\u001b[39m', '')
    expect(ordersIn(withoutColours.replaceAll('\n', ''))).toEqual([])
    expect(stdout.trimEnd().split('\n')).toHaveLength(options.length === 0 ? 2 : 1)
  }
  const refused = await operate(['failures'], () => ({ status: 400, body: { detail: HOSTILE } }))
  expect(refused.stderr).not.toContain('\u001b')
})

test.each([
  [403, 'An admin key is needed here', ''],
  [401, 'not known', 'The key of TRACKER_ADMIN_KEY was sent; the service does not take it.'],
])('a refusal (%i) is told, with what to do', async (status, detail, hint) => {
  const { exitCode, stdout, stderr } = await operate(['failures'], () => ({ status, body: { detail } }))
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
  expect(stderr).toContain(detail)
  expect(stderr).toContain(hint)
})

test('an API key is told to be no admin key', async () => {
  const tracker = await startFakeTracker(() => ({ status: 403, body: { detail: 'An admin key is needed.' } }))
  const env = { TRACKER_URL: tracker.url, TRACKER_API_KEY: 'a-secret-of-the-tracker' }
  const { exitCode, stderr } = await runCli(['failures'], { env })
  expect(stderr).toContain('set TRACKER_ADMIN_KEY')
  expect(exitCode).toBe(1)
})

test('an answer of something else than the service is told', async () => {
  const { exitCode, stderr } = await operate(['failures'], () => ({ status: 200, body: { hello: 'world' } }))
  expect(stderr).toContain('Does TRACKER_URL point to it?')
  expect(exitCode).toBe(1)
})
