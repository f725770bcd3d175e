import { SingleBar } from 'cli-progress'
import type { Output } from './command-context.ts'

export type RowProgress = {
  onStart: (rows: number) => void
  onProgress: (phase: 'copying' | 'comparing', table: string, rows: number) => void
  stop: () => void
}

/** A bar on a terminal, of rows that are copied and then compared. Nothing where nobody watches. */
export function startRowProgress(output: Output): RowProgress {
  const bar = new SingleBar({
    format: '{phase} {table} {bar} {percentage}%  {eta_formatted} left',
    stream: output,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: null,
    gracefulExit: false,
  })
  return {
    onStart: (rows) => bar.start(2 * rows, 0, { phase: 'copying', table: '' }),
    onProgress: (phase, table, rows) => bar.increment(rows, { phase, table: table.padEnd(TABLE_WIDTH) }),
    stop: () => bar.stop(),
  }
}

const TABLE_WIDTH = 'rejected_deliveries'.length
