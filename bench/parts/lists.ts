// How long an operator's reads take with few and with many runs, and how long webhooks wait during these reads.
import { quantile } from '../figures.ts'
import { DAY_MS } from '../generated-runs.ts'
import { launchTracker, OPERATOR_HEADERS, withServer } from '../launch.ts'
import { get } from '../load.ts'
import type { PartResult } from '../report.ts'
import type { Bench } from '../rounds.ts'
import { growingDatabase, pickSamples, type Sample } from '../tracker-database.ts'
import { settleUnderLoad } from './growth.ts'

const ROUND_COUNT = 60
const WARM_UP_ROUNDS = 5
const HOUR_MS = 3_600_000

type Read = {
  name: string
  /** Whether it is one of FIRST_PAGES; the other reads may take longer. */
  isFirstPage: boolean
  /** Each round passes a different `sample`, and its own number as `round`. */
  path: (sample: Sample, round: number) => string
}
type FirstPage = { name: string; path: (sample: Pick<Sample, 'fileId'>) => string }
/** The times of a read with few and with many runs, in milliseconds. */
type ReadTimes = { read: Read; few: number[]; many: number[] }

export async function measureLists(bench: Bench): Promise<PartResult> {
  const sizes: [few: number, many: number] = [10_000, bench.isQuick ? 50_000 : bench.mostRuns]
  const [small, large] = [growingDatabase(bench, sizes[0]), growingDatabase(bench, sizes[1])]
  const [fewSamples, manySamples] = [
    pickSamples(small.seeded, ROUND_COUNT),
    pickSamples(large.seeded, ROUND_COUNT),
  ]
  const times = await withServer(launchTracker(small.folder), (smallServer) =>
    withServer(launchTracker(large.folder), async (largeServer) => {
      const timeAll = async (count: number) => {
        const timed: ReadTimes[] = READS.map((read) => ({ read, few: [], many: [] }))
        for (const { read, few, many } of timed)
          for (let round = 0; round < count; round += 1) {
            few.push(await timeRead(smallServer.url, read, fewSamples, round))
            many.push(await timeRead(largeServer.url, read, manySamples, round))
          }
        return timed
      }
      await timeAll(WARM_UP_ROUNDS)
      return timeAll(ROUND_COUNT)
    }),
  )
  const { ingest } = await settleUnderLoad(bench, large, {
    meanwhile: async (url, isOver) => {
      for (let round = 0; !isOver(); round += 1)
        for (const read of READS) if (!isOver()) await timeRead(url, read, manySamples, round % ROUND_COUNT)
    },
  })
  const slowest = (isFirstPage: boolean) =>
    Math.max(
      ...times.filter(({ read }) => read.isFirstPage === isFirstPage).map(({ many }) => quantile(many, 0.5)),
    )
  const cell = (ms: number[]) => `${quantile(ms, 0.5).toFixed(2)}, ${quantile(ms, 0.95).toFixed(2)}`
  const columnTitle = (count: number) => `${count.toLocaleString('en')} runs: p50, p95 ms`
  return {
    title: 'Lists and searches',
    tables: [
      {
        title: 'Over HTTP, one at a time',
        columns: ['read', ...sizes.map(columnTitle)],
        rows: times.map(({ read, few, many }) => [read.name, cell(few), cell(many)]),
        note: `While these reads are made one after another on the larger database, ${Math.round(ingest.rate)} webhooks per second are acknowledged, and the longest one takes ${(ingest.max / 1000).toFixed(1)} ms.`,
      },
    ],
    goals: {
      'lists-first-page': slowest(true),
      'lists-other': slowest(false),
      'lists-webhook-wait': ingest.max / 1000,
    },
    lost: ingest.missing,
    raw: { times, ingest },
  }
}

async function timeRead(
  url: string,
  { name, path }: Read,
  samples: Sample[],
  round: number,
): Promise<number> {
  const sample = samples[round]
  if (sample === undefined) throw new Error(`sample ${round} does not exist`)
  const startedAt = performance.now()
  const { status, text } = await get(url + path(sample, round), OPERATOR_HEADERS)
  const time = performance.now() - startedAt
  if (status !== 200) throw new Error(`the response to “${name}” was ${status}: ${text}`)
  return time
}

type Query = { [name: string]: string }

const firstPage = (name: string, path: FirstPage['path']): FirstPage => ({ name, path })
const otherRead = (name: string, path: Read['path']): Read => ({ name, isFirstPage: false, path })
const runs = (query: Query = {}) => `/runs?${new URLSearchParams({ limit: '50', ...query }).toString()}`
const deliveries = (query: Query = {}) =>
  `/deliveries?${new URLSearchParams({ limit: '50', ...query }).toString()}`
const timeText = (at: number) => new Date(at).toISOString()
const daysAgo = (days: number) => timeText(Date.now() - days * DAY_MS)
/** One hour, on a different day in each round: 37 and 88 have no common divisor, and the generated runs go back 90 days. */
const anHour = (round: number): Query => {
  const since = Date.now() - (1 + ((round * 37) % 88)) * DAY_MS
  return { since: timeText(since), until: timeText(since + HOUR_MS) }
}
const OPEN_FAILURES = { status: 'failed', acknowledged: 'false' }

/** The first pages of the lists of runs, failures and deliveries, as they open or with their most common filters. */
export const FIRST_PAGES: FirstPage[] = [
  firstPage('runs: all', () => runs()),
  firstPage('runs: pending', () => runs({ status: 'pending' })),
  firstPage('runs: success', () => runs({ status: 'success' })),
  firstPage('runs: expired', () => runs({ status: 'expired' })),
  firstPage('runs: of one extension', () => runs({ extension: 'ai-tasks' })),
  firstPage('runs: success of one extension', () => runs({ status: 'success', extension: 'remove-bg' })),
  firstPage('failures: open', () => runs(OPEN_FAILURES)),
  firstPage('failures: all', () => runs({ status: 'failed' })),
  firstPage('failures: acknowledged', () => runs({ status: 'failed', acknowledged: 'true' })),
  firstPage('failures: of one extension', () => runs({ ...OPEN_FAILURES, extension: 'ai-tasks' })),
  firstPage('failures: of one cause', () => runs({ ...OPEN_FAILURES, cause: 'ThrottlingException' })),
  firstPage('failures: of one extension and cause', () =>
    runs({ ...OPEN_FAILURES, extension: 'remove-bg', cause: 'quota_exceeded' }),
  ),
  firstPage('deliveries: all', () => deliveries()),
  firstPage('deliveries: applied', () => deliveries({ outcome: 'applied' })),
  firstPage('deliveries: duplicate', () => deliveries({ outcome: 'duplicate' })),
  firstPage('deliveries: ignored', () => deliveries({ outcome: 'ignored' })),
  firstPage('deliveries: contradicted (none)', () => deliveries({ outcome: 'contradicted' })),
  firstPage('deliveries: rejected (none)', () => deliveries({ outcome: 'rejected' })),
  firstPage('deliveries: of a file', ({ fileId }) => deliveries({ fileId })),
]

const READS: Read[] = [
  ...FIRST_PAGES.map((page) => ({ ...page, isFirstPage: true })),
  otherRead('runs: all, 200 of them', () => runs({ limit: '200' })),
  otherRead('runs: a page in the middle', ({ runsCursor }) => runs({ cursor: runsCursor })),
  otherRead('runs: of one hour', (_, round) => runs(anHour(round))),
  otherRead('runs: many filters at once', () =>
    runs({
      ...OPEN_FAILURES,
      since: daysAgo(60),
      extension: 'ai-tasks',
      cause: 'model_overloaded',
      q: 'img_',
    }),
  ),
  otherRead('failures: open, 200 of them', () => runs({ ...OPEN_FAILURES, limit: '200' })),
  otherRead('failures: open, a page in the middle', ({ runsCursor }) =>
    runs({ ...OPEN_FAILURES, cursor: runsCursor }),
  ),
  otherRead('failures: of the last 24 hours', () => runs({ ...OPEN_FAILURES, since: daysAgo(1) })),
  otherRead('failures: of the last 30 days', () => runs({ ...OPEN_FAILURES, since: daysAgo(30) })),
  otherRead('failures: of one hour', (_, round) => runs({ ...OPEN_FAILURES, ...anHour(round) })),
  otherRead('failures: until 80 days ago', () => runs({ ...OPEN_FAILURES, until: daysAgo(80) })),
  otherRead('failures: acknowledged, of one cause', () =>
    runs({ status: 'failed', acknowledged: 'true', cause: 'quota_exceeded' }),
  ),
  otherRead('failures: of a cause that does not exist', () => runs({ ...OPEN_FAILURES, cause: 'none' })),
  otherRead('search: a run', ({ runId }) => runs({ q: runId })),
  otherRead('search: a submission', ({ submissionId }) => runs({ q: submissionId })),
  otherRead('search: a file', ({ fileId }) => runs({ q: fileId })),
  otherRead('search: a whole file name', ({ fileName }) => runs({ q: fileName })),
  otherRead('search: no match', () => runs({ q: 'there is no such thing' })),
  otherRead('search: `invoice` (0.4 % of names)', () => runs({ q: 'invoice' })),
  otherRead('search: `banner` (1.6 %)', () => runs({ q: 'banner' })),
  otherRead('search: `banner`, a page in the middle', ({ runsCursor }) =>
    runs({ q: 'banner', cursor: runsCursor }),
  ),
  otherRead('search: `logo` (5 %)', () => runs({ q: 'logo' })),
  otherRead('search: `img` (60 %)', () => runs({ q: 'img' })),
  otherRead('search: `invoice`, failures', () => runs({ ...OPEN_FAILURES, q: 'invoice' })),
  otherRead('search: `banner`, failures', () => runs({ ...OPEN_FAILURES, q: 'banner' })),
  otherRead('search: `img`, failures', () => runs({ ...OPEN_FAILURES, q: 'img' })),
  otherRead('search: `banner`, failures of one cause', () =>
    runs({ ...OPEN_FAILURES, cause: 'quota_exceeded', q: 'banner' }),
  ),
  otherRead('search: `banner`, of one hour', (_, round) => runs({ ...anHour(round), q: 'banner' })),
  otherRead('deliveries: a page in the middle', ({ deliveriesCursor }) =>
    deliveries({ cursor: deliveriesCursor }),
  ),
  otherRead('deliveries: ignored, a page in the middle', ({ deliveriesCursor }) =>
    deliveries({ outcome: 'ignored', cursor: deliveriesCursor }),
  ),
  otherRead('deliveries: of a file, applied', ({ fileId }) => deliveries({ fileId, outcome: 'applied' })),
  otherRead('one run with its history', ({ runId }) => `/runs/${runId}`),
  otherRead('one delivery with its body', ({ deliveryId }) => `/deliveries/${deliveryId}`),
  otherRead('stats of 24 hours', () => '/stats?window=24h'),
  otherRead('stats of 90 days', () => '/stats?window=90d'),
]
