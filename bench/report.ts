// Renders results as Markdown and charts, and writes them between the marks of two documents: goals and charts into
// docs/benchmarks.md, tables into docs/benchmark-tables.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as echarts from 'echarts'
import { type Figures, GOALS, goalText, isMet } from './goals.ts'

export type Table = { title: string; columns: string[]; rows: string[][]; note?: string }
/** `isOurs`: the bar is the tracker's. By default, only the first one is. */
export type Chart = { name: string; title: string; bars: { name: string; value: number; isOurs?: boolean }[] }

/** The result of one part of the bench. */
export type PartResult = {
  title: string
  tables: Table[]
  goals: Figures
  /** Deliveries that were sent and not stored, other than those that were rejected or broken: see `countMissing`. */
  lost: number
  charts?: Chart[]
  /** For the result file only. */
  raw?: unknown
}

/** When, where and how a run of the bench measured. */
export type Circumstances = { at: string; commit: string; machine: string; versions: string; method: string }
export type StoredResult = PartResult & { circumstances: Circumstances }

const DOCUMENT = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url))
const TABLES = fileURLToPath(new URL('../docs/benchmark-tables.md', import.meta.url))
const IMAGES = fileURLToPath(new URL('../docs/images/', import.meta.url))
const BEGIN = '<!-- measured: begin -->'
const END = '<!-- measured: end -->'
const [OWN_COLOR, OTHER_COLOR] = ['#2563eb', '#94a3b8']

/** Writes both documents. `circumstances` are those of this run of the bench; each result has its own. */
export function writeDocument(results: StoredResult[], circumstances: Circumstances): void {
  const { at, commit, machine, versions, method } = circumstances
  const goals: Figures = Object.assign({}, ...results.map((result) => result.goals))
  const lost = results.reduce((total, result) => total + result.lost, 0)
  writeBetweenMarks(DOCUMENT, [
    '## Where and when',
    [`- ${at.slice(0, 10)}, commit ${commit}`, `- ${machine}`, `- ${versions}`, `- ${method}`].join('\n'),
    '## Goals',
    goalTable(goals),
    `Acknowledged deliveries that were lost, in all measurements: **${lost}**.`,
    '## Charts',
    ...results.flatMap(({ charts = [] }) => charts).map((chart) => `![${chart.title}](${writeChart(chart)})`),
  ])
  writeBetweenMarks(
    TABLES,
    results.flatMap((result) => [partText(result), ...earlierText(result, circumstances)]),
  )
}

function writeBetweenMarks(path: string, texts: readonly string[]): void {
  const current = readFileSync(path, 'utf8')
  const [beginAt, endAt] = [current.indexOf(BEGIN), current.indexOf(END)]
  if (beginAt < 0 || endAt < beginAt) throw new Error(`${path} has no marks for the figures`)
  const text = [BEGIN, ...texts, END].join('\n\n')
  writeFileSync(path, `${current.slice(0, beginAt)}${text}${current.slice(endAt + END.length)}`)
}

/** States when the part was measured, if it was measured in an earlier run of the bench. */
function earlierText({ circumstances: own }: StoredResult, { at }: Circumstances): string[] {
  return own.at === at ? [] : [`Measured at ${own.at.slice(0, 16)}Z, commit ${own.commit}.`]
}

export function partText({ title, tables }: PartResult): string {
  const texts = tables.map(({ title: name, columns, rows, note }) =>
    [`**${name}**`, tableText(columns, rows), ...(note ? [note] : [])].join('\n\n'),
  )
  return [`## ${title}`, ...texts].join('\n\n')
}

/** Every goal with its figure, or with `onlyMeasured` only the goals that were measured. */
export function goalTable(measured: Figures, { onlyMeasured = false } = {}): string {
  const rows = GOALS.filter(({ id }) => !onlyMeasured || measured[id] !== undefined).map((goal) => {
    const value = measured[goal.id]
    const met = isMet(goal, value)
    return [
      goal.what,
      goalText(goal),
      value === undefined ? 'not measured' : goal.format(value),
      met === undefined ? '' : met ? 'met' : '**missed**',
    ]
  })
  return tableText(['what', 'goal', 'measured', ''], rows)
}

/** All columns but the first are aligned to the right. */
function tableText(columns: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [
    line(columns),
    line(columns.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map(line),
  ].join('\n')
}

/** Draws the chart and returns its path relative to docs/. */
function writeChart({ name, title, bars }: Chart): string {
  const height = 80 + 34 * bars.length
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 820, height })
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, left: 12, top: 8, textStyle: { fontSize: 15 } },
    grid: { left: 320, right: 80, top: 44, bottom: 24 },
    xAxis: { type: 'value', splitNumber: 4 },
    yAxis: { type: 'category', inverse: true, data: bars.map((bar) => bar.name) },
    series: [
      {
        type: 'bar',
        data: bars.map(({ value, isOurs }, index) => ({
          value,
          itemStyle: { color: (isOurs ?? index === 0) ? OWN_COLOR : OTHER_COLOR },
        })),
        label: {
          show: true,
          position: 'right',
          formatter: ({ value }: { value: number }) => Math.round(value).toLocaleString('en'),
        },
      },
    ],
  })
  const file = `bench-${name}.svg`
  writeFileSync(`${IMAGES}${file}`, chart.renderToSVGString())
  chart.dispose()
  return `images/${file}`
}
