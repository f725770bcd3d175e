import type { Stats } from '../../tracking/operators/describe-stats.ts'
import { PERIODS, type Period } from '../periods.ts'
import { Time } from './time.tsx'

type Hour = Stats['byHour'][number]
type Bar = { at: string; success: number; failed: number }

const WIDTH = 720
const HEIGHT = 168
const MIN_BAR_HEIGHT = 2

/** Bars for successes go up and bars for failures go down, on the same scale, so that they can be told apart without colour. */
export function HourChart({ id, hours, period }: { id: string; hours: readonly Hour[]; period: Period }) {
  const bars = barsOf(hours, PERIODS[period].hoursPerBar)
  const maxSuccess = Math.max(0, ...bars.map(({ success }) => success))
  const maxFailed = Math.max(0, ...bars.map((bar) => bar.failed))
  // Each direction gets only the height that it needs.
  const scale = HEIGHT / Math.max(1, maxSuccess + maxFailed)
  const upHeight = maxFailed === 0 ? HEIGHT : maxSuccess * scale
  const axis = Math.min(HEIGHT - MIN_BAR_HEIGHT, Math.max(MIN_BAR_HEIGHT, upHeight))
  const succeeded = bars.reduce((sum, { success }) => sum + success, 0)
  const failed = bars.reduce((sum, bar) => sum + bar.failed, 0)
  const step = WIDTH / bars.length
  const counts = `${succeeded} succeeded, ${failed} failed`
  return (
    <>
      <div class="head">
        <h2 id={id}>Succeeded and failed runs, per {PERIODS[period].barName}</h2>
        <p class="legend">
          <span class="key good">Succeeded</span> <span class="key bad">Failed</span>
        </p>
      </div>
      <div class="plot">
        <YAxis zeroAt={(axis + 1) / (HEIGHT + 2)} maxSuccess={maxSuccess} maxFailed={maxFailed} />
        <svg
          class="chart"
          viewBox={`0 0 ${WIDTH} ${HEIGHT + 2}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${counts}; at most ${Math.max(maxSuccess, maxFailed)} in one bar. The table below has all values.`}
        >
          <line class="axis" x1="0" x2={WIDTH} y1={axis + 1} y2={axis + 1} />
          {bars.map((bar, index) => {
            const x = round(index * step + step * 0.12)
            const up = heightOf(bar.success, scale)
            return (
              <g>
                <title>{`${bar.at.slice(0, 16).replace('T', ' ')} UTC: ${bar.success} succeeded, ${bar.failed} failed`}</title>
                {/* Covers the column, which is highlighted and shows the title while the pointer is in it. */}
                <rect class="hit" x={round(index * step)} y="0" width={round(step)} height={HEIGHT + 2} />
                <rect class="good" x={x} y={round(axis - up)} width={round(step * 0.76)} height={up} />
                <rect
                  class="bad"
                  x={x}
                  y={round(axis + 2)}
                  width={round(step * 0.76)}
                  height={heightOf(bar.failed, scale)}
                />
              </g>
            )
          })}
        </svg>
        <p class="chart-ends">
          <Time at={bars[0]?.at ?? ''} />
          <span>now</span>
        </p>
      </div>
      <details>
        <summary>View as table</summary>
        <BarTable bars={bars} />
      </details>
    </>
  )
}

/** A label that is nearer to the zero than this share of the height would overlap it. */
const MIN_LABEL_DISTANCE = 0.12

/** Labels for zero and for the highest bar in each direction. `zeroAt` is a share of the height, from the top. */
function YAxis(props: { zeroAt: number; maxSuccess: number; maxFailed: number }) {
  const { zeroAt, maxSuccess, maxFailed } = props
  return (
    <svg class="y-axis" aria-hidden="true">
      {maxSuccess > 0 && zeroAt >= MIN_LABEL_DISTANCE && (
        <text x="100%" y="0" dominant-baseline="hanging">
          {labelOf(maxSuccess)}
        </text>
      )}
      <text x="100%" y={`${round(zeroAt * 100)}%`} dominant-baseline="middle">
        0
      </text>
      {maxFailed > 0 && 1 - zeroAt >= MIN_LABEL_DISTANCE && (
        <text x="100%" y="100%">
          {labelOf(maxFailed)}
        </text>
      )}
    </svg>
  )
}

/** At most five characters, such as `9,999` or `12K`. */
function labelOf(count: number): string {
  return count.toLocaleString('en', { notation: count < 10_000 ? 'standard' : 'compact' })
}

function BarTable({ bars }: { bars: readonly Bar[] }) {
  return (
    <table class="rows">
      <caption class="visually-hidden">Succeeded and failed runs over time</caption>
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col" class="number">
            Succeeded
          </th>
          <th scope="col" class="number">
            Failed
          </th>
        </tr>
      </thead>
      <tbody>
        {bars.toReversed().map((bar) => (
          <tr>
            <th scope="row" data-label="From">
              <Time at={bar.at} />
            </th>
            <td data-label="Succeeded" class="number">
              {bar.success}
            </td>
            <td data-label="Failed" class="number">
              {bar.failed}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function barsOf(hours: readonly Hour[], hoursPerBar: number): Bar[] {
  const bars: Bar[] = []
  for (let start = 0; start < hours.length; start += hoursPerBar) {
    const part = hours.slice(start, start + hoursPerBar)
    bars.push({
      at: part[0]?.hour ?? '',
      success: part.reduce((sum, { success }) => sum + success, 0),
      failed: part.reduce((sum, { failed }) => sum + failed, 0),
    })
  }
  return bars
}

/** The height of a bar. It has a minimum, so that a single run is visible beside thousands. */
function heightOf(count: number, scale: number): number {
  return count === 0 ? 0 : round(Math.max(MIN_BAR_HEIGHT, count * scale))
}

function round(length: number): number {
  return Math.round(length * 10) / 10
}
