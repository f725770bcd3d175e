import { formatBytes } from '../domain/quantity-text.ts'
import type { Output } from './command-context.ts'
import { cutTo, escapeForTerminal } from './terminal-text.ts'

export type UploadProgress = { sent: (bytes: number) => void; stop: () => void }

const NAME_WIDTH = 40

/** Names and sizes are values of these templates and never part of them, because a file can be named `{bar}`. */
const COUNTING = '{name} {sent} sent'
const COMPLETE = '{name} {bar} {percentage}%  {sent} of {size}'
const SENDING = `${COMPLETE}  {eta_formatted} left`
const WAITING = `${COMPLETE}  waiting for ImageKit`

/** A progress bar, or a byte count if the size is not known. Prints nothing if `output` is not a terminal. */
export async function startProgress(
  output: Output,
  fileName: string,
  sizeBytes: number | undefined,
): Promise<UploadProgress> {
  // Node can't import the export `Format` of this CommonJS module by name.
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
    stream: output,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: null,
    gracefulExit: false,
  })
  const name = cutTo(escapeForTerminal(fileName), NAME_WIDTH)
  bar.start(sizeBytes ?? 0, 0, { name, sent: formatBytes(0), size: formatBytes(sizeBytes ?? 0) })
  return {
    sent(bytes) {
      sentBytes += bytes
      bar.update(sentBytes, { sent: formatBytes(sentBytes) })
    },
    stop() {
      isStopped = true
      bar.stop()
    },
  }
}
