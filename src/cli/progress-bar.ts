import { formatBytes } from '../domain/quantities.ts'
import type { Output } from './command-context.ts'
import { escapeForTerminal, truncateTo } from './terminal-text.ts'

/** `onSent` is called with the number of bytes sent since the last call. */
export type UploadProgress = { onSent: (bytes: number) => void; stop: () => void }

/** `gracefulExit`: the bar doesn't handle signals; the process does. */
const STYLE = {
  barCompleteChar: '█',
  barIncompleteChar: '░',
  barsize: 30,
  hideCursor: false,
  gracefulExit: false,
}

const NAME_WIDTH = 40

/** Names and sizes are values of these templates and never part of them, because a file can be named `{bar}`. */
const COUNTING = '{name} {sent} sent'
const COMPLETE = '{name} {bar} {percentage}%  {sent} of {size}'
const SENDING = `${COMPLETE}  {eta_formatted} left`
const WAITING = `${COMPLETE}  waiting for ImageKit`

/** A progress bar, or a byte count if the size is not known. Prints nothing if `output` is not a terminal. */
export async function startUploadProgress(
  output: Output,
  fileName: string,
  sizeBytes: number | undefined,
): Promise<UploadProgress> {
  // Node can't import the export `Format` of this CommonJS module by name, but `default` has it.
  const { SingleBar, Format } = (await import('cli-progress')).default
  let sentBytes = 0
  let isStopped = false
  const template = (): string => {
    if (sizeBytes === undefined) return COUNTING
    if (sentBytes < sizeBytes) return SENDING
    return isStopped ? COMPLETE : WAITING
  }
  const bar = new SingleBar({
    format: (options, params, payload) =>
      Format.Formatter({ ...options, format: template() }, params, payload),
    ...STYLE,
    stream: output,
  })
  const name = truncateTo(escapeForTerminal(fileName), NAME_WIDTH)
  bar.start(sizeBytes ?? 0, 0, { name, sent: formatBytes(0), size: formatBytes(sizeBytes ?? 0) })
  return {
    onSent(bytes) {
      sentBytes += bytes
      bar.update(sentBytes, { sent: formatBytes(sentBytes) })
    },
    stop() {
      isStopped = true
      bar.stop()
    },
  }
}

/** `onStart` gets the number of rows to copy; `onProgress` the number that were copied, or compared, since its last call. */
export type RowProgress = {
  onStart: (rows: number) => void
  onProgress: (phase: 'copying' | 'comparing', table: string, rows: number) => void
  stop: () => void
}

/** A progress bar for rows that are copied and then compared: each counts twice. Prints nothing if `output` is not a terminal. */
export async function createRowProgress(output: Output): Promise<RowProgress> {
  // Node can't import every export of this CommonJS module by name, but `default` has all of them.
  const { SingleBar } = (await import('cli-progress')).default
  const bar = new SingleBar({
    format: '{phase} {table} {bar} {percentage}%  {eta_formatted} left',
    ...STYLE,
    stream: output,
  })
  return {
    onStart: (rows) => bar.start(2 * rows, 0, { phase: 'copying', table: '' }),
    onProgress: (phase, table, rows) => bar.increment(rows, { phase, table: table.padEnd(TABLE_WIDTH) }),
    stop: () => bar.stop(),
  }
}

/** The length of the longest table name, so that the bar doesn't move. */
const TABLE_WIDTH = 'rejected_deliveries'.length
