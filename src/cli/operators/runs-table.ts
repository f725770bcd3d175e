import { formatError, type Paint } from '../asset-text.ts'
import { type Column, formatTable } from '../table.ts'
import { shortTime } from '../time-text.ts'
import type { ListedRun } from './list-pages.ts'

/** Runs, one per line, starting with the id that `retry` takes. */
export function formatRuns(runs: readonly ListedRun[], paint: Paint, width: number | undefined): string {
  const columns: Column<ListedRun>[] = [
    { title: 'RUN', cell: ({ runId }) => runId },
    { title: 'REQUESTED', cell: ({ requestedAt }) => shortTime(requestedAt) },
    { title: 'STATUS', cell: ({ status }) => status, paint: (text, { status }) => paint(status, text) },
    { title: 'EXTENSION', cell: ({ name }) => name },
    { title: 'FILE ID', cell: ({ fileId }) => fileId },
    { title: 'FILE', cell: ({ fileName }) => fileName, isCut: true },
    { title: 'CAUSE', cell: ({ cause }) => cause, isCut: true },
    { title: 'ERROR', cell: errorBeyondCause, isCut: true },
  ]
  const hasErrors = runs.some((run) => errorBeyondCause(run) !== null)
  return formatTable(hasErrors ? columns : columns.slice(0, -1), runs, width)
}

/** ImageKit's error; null if it says no more than the cause. */
function errorBeyondCause({ error, cause }: ListedRun): string | null {
  const text = formatError(error)
  return text === '' || text === cause ? null : text
}
