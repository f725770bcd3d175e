import stringWidth from 'string-width'
import { escapeForTerminal, padTo, truncateTo } from './terminal-text.ts'

export type Column<Row> = {
  title: string
  /** Null and an empty text are shown as `-`. */
  cell: (row: Row) => string | number | null
  /** May be truncated if the terminal is too narrow. */
  isTruncatable?: true
  align?: 'right'
  /** Colours the text of a cell, without its padding. */
  paint?: (text: string, row: Row) => string
}

const SEPARATOR = '  '
const MIN_TRUNCATED_WIDTH = 12

/**
 * Formats rows under column titles and escapes the cells for the terminal. `width`: the terminal's width in columns. If it is
 * undefined, as when the output is not a terminal, nothing is truncated.
 */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width?: number,
): string {
  const cells = rows.map((row) => columns.map(({ cell }) => textOf(cell(row))))
  const widths = columns.map(({ title }, index) =>
    Math.max(stringWidth(title), ...cells.map((texts) => stringWidth(texts[index] ?? ''))),
  )
  if (width !== undefined) narrow(columns, widths, width)
  const line = (texts: readonly string[], row?: Row) =>
    columns
      .map(({ align, paint }, index) => {
        const width = widths[index] ?? 0
        const text = truncateTo(texts[index] ?? '', width)
        const padding = ' '.repeat(width - stringWidth(text))
        const shown = row !== undefined && paint ? paint(text, row) : text
        return align === 'right' ? padding + shown : shown + padding
      })
      .join(SEPARATOR)
      .trimEnd()
  const titles = columns.map(({ title }) => title)
  return [line(titles), ...rows.map((row, index) => line(cells[index] ?? [], row))].join('\n')
}

/** Names with their values, one pair per line. The values are escaped for the terminal, the names are not. */
export function formatPairs(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => stringWidth(name)))
  return pairs.map(([name, text]) => `${padTo(name, width)}${SEPARATOR}${escapeForTerminal(text)}`).join('\n')
}

function textOf(value: string | number | null): string {
  return value === null || value === '' ? '-' : escapeForTerminal(String(value))
}

/** Repeatedly narrows the widest column that may be truncated, until the line fits or none can be narrowed further. */
function narrow<Row>(columns: readonly Column<Row>[], widths: number[], width: number): void {
  const lineWidth = () =>
    widths.reduce((sum, columnWidth) => sum + columnWidth, 0) + SEPARATOR.length * (widths.length - 1)
  while (lineWidth() > width) {
    const widest = columns.reduce(
      (widestIndex, { isTruncatable }, index) =>
        isTruncatable && (widths[index] ?? 0) > (widths[widestIndex] ?? MIN_TRUNCATED_WIDTH)
          ? index
          : widestIndex,
      -1,
    )
    const current = widths[widest]
    if (current === undefined) return
    widths[widest] = current - 1
  }
}

/** `2026-11-24T18:00:00.000Z` → `2026-11-24 18:00:00Z`. */
export function shortTime(time: string | null): string | null {
  return time === null ? null : time.replace('T', ' ').replace(/\.\d+Z$/, 'Z')
}
