import { expect, test } from 'vitest'
import { runOperatorCommand } from './operator-responses.ts'

const DELIVERY = {
  deliveryId: 'delivery-1',
  route: 'extension',
  receivedAt: '2026-01-02T03:04:05.678Z',
  outcome: 'rejected',
  cause: 'bad_signature',
  signature: null,
  submissionId: null,
  runId: null,
  fileId: null,
  service: null,
}

test('deliveries sends its filter options to the service, and prints a table with escaped cells', async () => {
  const applied = {
    ...DELIVERY,
    deliveryId: 'delivery-2',
    outcome: 'applied',
    cause: null,
    signature: 'absent',
    fileId: 'file-1',
    service: 'remove-bg\u001b[2J',
  }
  const options = ['--outcome', 'rejected', '--file-id', 'a&b', '--limit', '2']
  const { exitCode, stdout, requests } = await runOperatorCommand(['deliveries', ...options], () => ({
    status: 200,
    body: { deliveries: [DELIVERY, applied], nextCursor: null },
  }))
  expect(stdout).toBe(
    [
      'DELIVERY    RECEIVED              ROUTE      OUTCOME   CAUSE          SIGNATURE  EXTENSION           FILE ID',
      'delivery-1  2026-01-02 03:04:05Z  extension  rejected  bad_signature  -          -                   -',
      'delivery-2  2026-01-02 03:04:05Z  extension  applied   -              absent     remove-bg\\u{1b}[2J  file-1',
      '',
    ].join('\n'),
  )
  expect(exitCode).toBe(0)
  expect(requests.map(({ url }) => url)).toEqual(['/deliveries?outcome=rejected&fileId=a%26b&limit=2'])
})

test("deliveries --json prints the service's response", async () => {
  const body = { deliveries: [DELIVERY], nextCursor: null }
  const { stdout } = await runOperatorCommand(['deliveries', '--json'], () => ({ status: 200, body }))
  expect(JSON.parse(stdout)).toEqual(body)
})

const STATS = {
  window: '24h',
  byStatus: { pending: 2, success: 30, failed: 4, expired: 0 },
  byExtension: {
    'remove-bg': { pending: 2, success: 10, failed: 4, expired: 0 },
    'ai-tasks': { pending: 0, success: 20, failed: 0, expired: 0 },
  },
  byHour: [],
  causes: [{ extension: 'remove-bg', cause: 'unknown_foreground\u202e', count: 4 }],
  oldestPendingAt: '2026-01-02T03:04:05.678Z',
  settleSeconds: { p50: 1.2, p95: 30 },
}

test('stats prints counts, times and causes', async () => {
  const { exitCode, stdout, requests } = await runOperatorCommand(['stats', '--window', '7d'], () => ({
    status: 200,
    body: STATS,
  }))
  expect(exitCode).toBe(0)
  expect(requests.map(({ url }) => url)).toEqual(['/stats?window=7d'])
  expect(stdout.replace(/\d+ d( \d+ h)? ago/, 'N d ago')).toBe(
    [
      // The window in the response, which here is another than the requested one.
      'Last 24h; pending counts are current.',
      '',
      'EXTENSION  PENDING  SUCCESS  FAILED  EXPIRED',
      'remove-bg        2       10       4        0',
      'ai-tasks         0       20       0        0',
      'total            2       30       4        0',
      '',
      'oldest pending  2026-01-02 03:04:05Z, N d ago',
      'time to settle  median 1.2 s, p95 30 s',
      '',
      'FAILED  EXTENSION  CAUSE',
      '     4  remove-bg  unknown_foreground\\u{202e}',
      '',
    ].join('\n'),
  )
})

test('stats says so if no run is pending or settled', async () => {
  const none = { pending: 0, success: 0, failed: 0, expired: 0 }
  const body = {
    ...STATS,
    byStatus: none,
    byExtension: {},
    causes: [],
    oldestPendingAt: null,
    settleSeconds: { p50: null, p95: null },
  }
  const { stdout } = await runOperatorCommand(['stats'], () => ({ status: 200, body }))
  expect(stdout).toContain('oldest pending  none\ntime to settle  no settled runs\n')
})

test("stats --json prints the service's response", async () => {
  const asJson = await runOperatorCommand(['stats', '--json'], () => ({ status: 200, body: STATS }))
  expect(JSON.parse(asJson.stdout)).toEqual(STATS)
})
