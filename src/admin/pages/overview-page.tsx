import type { RunStatus } from '../../domain/run.ts'
import type { Overview } from '../../tracking/operators/describe-overview.ts'
import type { Stats } from '../../tracking/operators/describe-stats.ts'
import { ADMIN, runHref, withQuery } from '../addresses.ts'
import { HourChart } from '../components/hour-chart.tsx'
import { Layout } from '../components/layout.tsx'
import { OutsideText } from '../components/outside-text.tsx'
import { EmptyState } from '../components/pager.tsx'
import { Pill } from '../components/pill.tsx'
import { durationText, Time } from '../components/time.tsx'
import { failuresHref, WORKLIST } from '../failures-query.ts'
import type { Operator } from '../operator-door.ts'
import { WINDOWS, type Window } from '../windows.ts'

type OverviewProps = {
  operator: Operator
  window: Window
  overview: Overview
  notice?: string | undefined
}

const STATUSES = ['failed', 'expired', 'pending', 'success'] as const satisfies RunStatus[]

export function OverviewPage({ operator, window, overview, notice }: OverviewProps) {
  const { stats, unacknowledged } = overview
  const total = STATUSES.reduce((sum, status) => sum + stats.byStatus[status], 0)
  return (
    <Layout title="Overview" operator={operator} room={ADMIN} notice={notice}>
      <div class="head">
        <h1>Overview</h1>
        <nav aria-label="Window" class="tabs">
          {Object.entries(WINDOWS).map(([word, name]) => (
            <a href={withQuery(ADMIN, { window: word })} aria-current={word === window ? 'true' : undefined}>
              {name}
            </a>
          ))}
        </nav>
      </div>
      <Worklist unacknowledged={unacknowledged} />
      <Tiles overview={overview} />
      {total === 0 && (
        <EmptyState
          title={`Nothing has been asked for in the last ${WINDOWS[window]}`}
          hint="Upload a file with extensions through this service, or register an upload made elsewhere, and it appears here."
        />
      )}
      <section class="card" aria-labelledby="per-hour">
        <HourChart id="per-hour" hours={stats.byHour} window={window} />
      </section>
      <div class="columns">
        <Causes overview={overview} />
        <Extensions stats={stats} />
      </div>
    </Layout>
  )
}

function Worklist({ unacknowledged }: { unacknowledged: number }) {
  if (unacknowledged === 0) return <p class="calm">All clear</p>
  return (
    <p class="alarm">
      <a href={failuresHref(WORKLIST)}>
        {unacknowledged.toLocaleString('en')} failed{' '}
        {unacknowledged === 1 ? 'run needs attention' : 'runs need attention'}
      </a>
    </p>
  )
}

/** A link shows the number of the list behind it: the window counts when runs settled, and a list when they were requested. */
function Tiles({ overview }: { overview: Overview }) {
  const { stats, totals, oldestPendingRunId } = overview
  const { p50, p95 } = stats.settleSeconds
  const oldest = stats.oldestPendingAt
  return (
    <ul class="tiles">
      {STATUSES.map((status) => (
        <li class="card">
          <Pill of={status} />
          <strong>{stats.byStatus[status].toLocaleString('en')}</strong>
          <span class="hint">
            {status !== 'pending' && 'in this window · '}
            <a href={failuresHref(WORKLIST, { status, acknowledged: 'any' })}>
              {status === 'pending' ? 'now' : `${totals[status].toLocaleString('en')} in all`}
            </a>
          </span>
        </li>
      ))}
      <li class="card">
        <span>Time to settle</span>
        <strong>{p50 === null ? '–' : durationText(p50)}</strong>
        <span class="hint">{p95 === null ? 'nothing settled' : `median · p95 ${durationText(p95)}`}</span>
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
        <span class="hint">{oldest === null ? 'nothing is pending' : 'requested'}</span>
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
          <caption class="visually-hidden">Failures by cause in this window</caption>
          <thead>
            <tr>
              <th scope="col">Cause</th>
              <th scope="col">Extension</th>
              <th scope="col" class="number">
                In this window
              </th>
              <th scope="col" class="number">
                In all
              </th>
            </tr>
          </thead>
          <tbody>
            {stats.causes.slice(0, MAX_CAUSES).map(({ extension, cause, count }) => (
              <tr>
                <th scope="row" data-label="Cause">
                  <OutsideText text={cause} />
                </th>
                <td data-label="Extension">
                  <OutsideText text={extension} />
                </td>
                <td data-label="In this window" class="number">
                  {count.toLocaleString('en')}
                </td>
                <td data-label="In all" class="number">
                  <a href={failuresHref(WORKLIST, { extension, cause, acknowledged: 'any' })}>
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
          The {MAX_CAUSES} most frequent of {stats.causes.length.toLocaleString('en')} in this window.{' '}
          <a href={failuresHref(WORKLIST, { group: 'cause', acknowledged: 'any' })}>All failures by cause</a>
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
        <EmptyState title="No extension has run" hint="Each that is asked for gets a row here." />
      ) : (
        <table class="rows">
          <caption class="visually-hidden">Runs by extension and status in this window</caption>
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
                  <OutsideText text={extension} />
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
