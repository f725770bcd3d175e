import { formatDuration } from '../../domain/quantities.ts'
import type { RunStatus } from '../../domain/run.ts'
import type { Overview } from '../../tracking/operators/describe-overview.ts'
import type { Stats } from '../../tracking/operators/describe-stats.ts'
import { ADMIN, runHref, withQuery } from '../addresses.ts'
import { HourChart } from '../components/hour-chart.tsx'
import { EmptyState, Layout } from '../components/layout.tsx'
import { Pill } from '../components/pill.tsx'
import { Time } from '../components/time.tsx'
import { UntrustedText } from '../components/untrusted-text.tsx'
import { failuresHref, OPEN_FAILURES } from '../failures-query.ts'
import type { Operator } from '../operator-session.ts'
import { PERIODS, type Period } from '../periods.ts'

type OverviewProps = {
  operator: Operator
  period: Period
  overview: Overview
  notice?: string | undefined
}

const STATUSES = ['failed', 'expired', 'pending', 'success'] as const satisfies RunStatus[]

export function OverviewPage({ operator, period, overview, notice }: OverviewProps) {
  const { stats, unacknowledged } = overview
  const total = STATUSES.reduce((sum, status) => sum + stats.byStatus[status], 0)
  return (
    <Layout title="Overview" operator={operator} section={ADMIN} notice={notice}>
      <div class="head">
        <h1>Overview</h1>
        <nav aria-label="Period" class="tabs">
          {Object.entries(PERIODS).map(([value, { name }]) => (
            <a
              href={withQuery(ADMIN, { window: value })}
              aria-current={value === period ? 'true' : undefined}
            >
              {name}
            </a>
          ))}
        </nav>
      </div>
      <OpenFailures unacknowledged={unacknowledged} />
      <Tiles overview={overview} />
      {total === 0 && (
        <EmptyState
          title={`No runs in the last ${PERIODS[period].name}`}
          hint="Upload a file with extensions through this service, or register a direct upload. Its runs appear here."
        />
      )}
      <section class="card" aria-labelledby="per-hour">
        <HourChart id="per-hour" hours={stats.byHour} period={period} />
      </section>
      <div class="columns">
        <Causes overview={overview} />
        <Extensions stats={stats} />
      </div>
    </Layout>
  )
}

function OpenFailures({ unacknowledged }: { unacknowledged: number }) {
  if (unacknowledged === 0) return <p class="calm">All clear</p>
  return (
    <p class="alarm">
      <a href={failuresHref(OPEN_FAILURES)}>
        {unacknowledged.toLocaleString('en')} failed{' '}
        {unacknowledged === 1 ? 'run needs attention' : 'runs need attention'}
      </a>
    </p>
  )
}

/**
 * The statistics. The tile of a status counts the runs that got this status in the period and still have it; that of `pending`, the
 * runs that are pending now. The list of runs can't be filtered by the time at which a run got its status, so each tile links to all
 * runs of the status. Except for `pending`, the link shows how many they are.
 */
function Tiles({ overview }: { overview: Overview }) {
  const { stats, totals, oldestPendingRunId } = overview
  const { p50, p95 } = stats.settleSeconds
  const oldest = stats.oldestPendingAt
  return (
    <ul class="tiles">
      {STATUSES.map((status) => (
        <li class="card">
          <Pill value={status} />
          <strong>{stats.byStatus[status].toLocaleString('en')}</strong>
          <span class="hint">
            {status !== 'pending' && 'in this period · '}
            <a href={failuresHref(OPEN_FAILURES, { status, acknowledged: 'any' })}>
              {status === 'pending' ? 'now' : `${totals[status].toLocaleString('en')} total`}
            </a>
          </span>
        </li>
      ))}
      <li class="card">
        <span>Time to settle</span>
        <strong>{p50 === null ? '–' : formatDuration(p50 * 1000)}</strong>
        <span class="hint">
          {p95 === null ? 'no run settled in this period' : `median · p95 ${formatDuration(p95 * 1000)}`}
        </span>
      </li>
      <li class="card">
        <span>Oldest pending</span>
        {oldest === null || oldestPendingRunId === null ? (
          <strong>–</strong>
        ) : (
          <strong class="small">
            <a href={runHref(oldestPendingRunId)}>
              <Time at={oldest} />
            </a>
          </strong>
        )}
        <span class="hint">{oldest === null ? 'no pending runs' : 'requested'}</span>
      </li>
    </ul>
  )
}

const MAX_CAUSES = 20

function Causes({ overview }: { overview: Overview }) {
  const { stats, totalOfCause } = overview
  return (
    <section class="card" aria-labelledby="causes">
      <h2 id="causes">Failures by cause</h2>
      {stats.causes.length === 0 ? (
        <EmptyState
          title="No failures in this period"
          hint="A failed run is counted in the hour in which it failed."
        />
      ) : (
        <table class="rows">
          <caption class="visually-hidden">Failures by cause in this period</caption>
          <thead>
            <tr>
              <th scope="col">Cause</th>
              <th scope="col">Extension</th>
              <th scope="col" class="number">
                In this period
              </th>
              <th scope="col" class="number">
                Total
              </th>
            </tr>
          </thead>
          <tbody>
            {stats.causes.slice(0, MAX_CAUSES).map(({ extension, cause, count }) => (
              <tr>
                <th scope="row" data-label="Cause">
                  <UntrustedText text={cause} />
                </th>
                <td data-label="Extension">
                  <UntrustedText text={extension} />
                </td>
                <td data-label="In this period" class="number">
                  {count.toLocaleString('en')}
                </td>
                <td data-label="Total" class="number">
                  <a href={failuresHref(OPEN_FAILURES, { extension, cause, acknowledged: 'any' })}>
                    {totalOfCause(extension, cause).toLocaleString('en')}
                  </a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {stats.causes.length > MAX_CAUSES && (
        <p class="hint">
          The {MAX_CAUSES} most frequent of {stats.causes.length.toLocaleString('en')} causes in this period.{' '}
          <a href={failuresHref(OPEN_FAILURES, { group: 'cause', acknowledged: 'any' })}>
            All failures by cause
          </a>
        </p>
      )}
    </section>
  )
}

function Extensions({ stats }: { stats: Stats }) {
  const rows = Object.entries(stats.byExtension)
  return (
    <section class="card" aria-labelledby="extensions">
      <h2 id="extensions">By extension</h2>
      {rows.length === 0 ? (
        <EmptyState
          title="No runs"
          hint="Each extension with pending runs, or with results in this period, has a row here."
        />
      ) : (
        <table class="rows">
          <caption class="visually-hidden">
            Runs by extension and status: pending now, the others in this period
          </caption>
          <thead>
            <tr>
              <th scope="col">Extension</th>
              {STATUSES.map((status) => (
                <th scope="col" class="number">
                  {status}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([extension, counts]) => (
              <tr>
                <th scope="row" data-label="Extension">
                  <UntrustedText text={extension} />
                </th>
                {STATUSES.map((status) => (
                  <td data-label={status} class="number">
                    {counts[status].toLocaleString('en')}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
