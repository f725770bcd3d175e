import type { Output } from './command-context.ts'

export type RowProgress = {
  onStart: (rows: number) => void
  onProgress: (phase: 'copying' | 'comparing', table: string, rows: number) => void
  stop: () => void
}

/** A progress bar for rows that are copied and then compared. Prints nothing if `output` is not a terminal. */
export async function createRowProgress(output: Output): Promise<RowProgress> {
  // Node can't import every export of this CommonJS module by name.
  const { SingleBar } = (await import('cli-progress')).default
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
