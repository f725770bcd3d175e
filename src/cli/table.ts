import { cutTo, inertText, padTo, widthOf } from './terminal-text.ts'

export type Column<Row> = {
  title: string
  /** Null and empty are shown as `-`. */
  cell: (row: Row) => string | number | null
  /** May be cut where the terminal is too narrow. */
  isCut?: true
  align?: 'right'
  paint?: (text: string, row: Row) => string
}

const BETWEEN = '  '
const LEAST_WIDTH = 12

/**
 * Rows under their titles. Whatever the cells hold is inert on a terminal. `width`: the columns of the terminal; undefined
 * where the reader is a program, and nothing is cut.
 */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width?: number,
): string {
  const cells = rows.map((row) => columns.map(({ cell }) => textOf(cell(row))))
  const widths = columns.map(({ title }, at) =>
    Math.max(widthOf(title), ...cells.map((texts) => widthOf(texts[at] ?? ''))),
  )
  if (width !== undefined) narrow(columns, widths, width)
  const line = (texts: readonly string[], row?: Row) =>
    columns
      .map(({ align, paint }, at) => {
        const text = cutTo(texts[at] ?? '', widths[at] ?? 0)
        const padding = ' '.repeat((widths[at] ?? 0) - widthOf(text))
        const shown = row !== undefined && paint ? paint(text, row) : text
        return align === 'right' ? padding + shown : shown + padding
      })
      .join(BETWEEN)
      .trimEnd()
  const titles = columns.map(({ title }) => title)
  return [line(titles), ...rows.map((row, at) => line(cells[at] ?? [], row))].join('\n')
}

/** Names and what is said of each, one a line. */
export function formatPairs(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => widthOf(name)))
  return pairs.map(([name, text]) => `${padTo(name, width)}${BETWEEN}${inertText(text)}`).join('\n')
}

function textOf(value: string | number | null): string {
  return value === null || value === '' ? '-' : inertText(String(value))
}

/** Takes from the widest column that may be cut, until the line fits or nothing can be taken any more. */
function narrow<Row>(columns: readonly Column<Row>[], widths: number[], width: number): void {
  const room = () => width - widths.reduce((sum, one) => sum + one, 0) - BETWEEN.length * (widths.length - 1)
  while (room() < 0) {
    const widest = columns.reduce(
      (found, { isCut }, at) => (isCut && (widths[at] ?? 0) > (widths[found] ?? LEAST_WIDTH) ? at : found),
      -1,
    )
    const now = widths[widest]
    if (now === undefined) return
    widths[widest] = now - 1
  }
}
