import type { Stats } from '../../tracking/operators/describe-stats.ts'
import type { Window } from '../windows.ts'
import { Time } from './time.tsx'

type Hour = Stats['byHour'][number]
type Bar = { at: string; success: number; failed: number }

/** So many hours stand in one bar, so that a bar can still be seen. */
const HOURS_A_BAR = { '24h': 1, '7d': 6, '30d': 24 } as const satisfies Record<Window, number>
const PER = { '24h': 'per hour', '7d': 'per 6 hours', '30d': 'per day' } as const satisfies Record<
  Window,
  string
>

const WIDTH = 720
const HEIGHT = 168
const LEAST = 2

/** Success upwards, failure downwards, on one scale: what differs in place need not differ in colour. */
export function HourChart({ id, hours, window }: { id: string; hours: readonly Hour[]; window: Window }) {
  const bars = barsOf(hours, HOURS_A_BAR[window])
  const mostSuccess = Math.max(0, ...bars.map(({ success }) => success))
  const mostFailed = Math.max(0, ...bars.map((bar) => bar.failed))
  const most = Math.max(mostSuccess, mostFailed)
  // One scale for both directions, and no more room for either than it needs.
  const scale = HEIGHT / Math.max(1, mostSuccess + mostFailed)
  const axis = Math.min(HEIGHT - LEAST, Math.max(LEAST, mostSuccess * scale))
  const succeeded = bars.reduce((sum, { success }) => sum + success, 0)
  const failed = bars.reduce((sum, bar) => sum + bar.failed, 0)
  const step = WIDTH / bars.length
  return (
    <>
      <div class="head">
        <h2 id={id}>Settled and failed, {PER[window]}</h2>
        <p class="legend">
          <span class="key good">success, upwards</span> <span class="key bad">failed, downwards</span>
        </p>
      </div>
      <svg
        class="chart"
        viewBox={`0 0 ${WIDTH} ${HEIGHT + 2}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${succeeded} runs succeeded and ${failed} failed; the most in one bar is ${most}. The table below has the numbers.`}
      >
        <line class="axis" x1="0" x2={WIDTH} y1={axis + 1} y2={axis + 1} />
        {bars.map((bar, index) => {
          const x = round(index * step + step * 0.12)
          const up = heightOf(bar.success, scale)
          return (
            <g>
              <title>{`${bar.at.slice(0, 16).replace('T', ' ')} UTC: ${bar.success} success, ${bar.failed} failed`}</title>
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
        <span>at most {most.toLocaleString('en')} in one bar</span>
        <span>now</span>
      </p>
      <details>
        <summary>The same as a table</summary>
        <BarTable bars={bars} />
      </details>
    </>
  )
}

function BarTable({ bars }: { bars: readonly Bar[] }) {
  return (
    <table class="rows">
      <caption class="visually-hidden">Settled and failed runs over time</caption>
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col" class="number">
            Success
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
            <td data-label="Success" class="number">
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

function barsOf(hours: readonly Hour[], size: number): Bar[] {
  const bars: Bar[] = []
  for (let start = 0; start < hours.length; start += size) {
    const part = hours.slice(start, start + size)
    bars.push({
      at: part[0]?.hour ?? '',
      success: part.reduce((sum, { success }) => sum + success, 0),
      failed: part.reduce((sum, { failed }) => sum + failed, 0),
    })
  }
  return bars
}

/** One among thousands is still seen. */
function heightOf(count: number, scale: number): number {
  return count === 0 ? 0 : round(Math.max(LEAST, count * scale))
}

function round(length: number): number {
  return Math.round(length * 10) / 10
}
