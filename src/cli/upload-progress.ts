import { formatBytes } from '../domain/quantity-text.ts'
import type { Output } from './command-context.ts'

export type UploadProgress = { sent: (bytes: number) => void; stop: () => void }

/** A bar on a terminal; a running count where the size is not known. Nothing where nobody watches. */
export async function startProgress(
  output: Output,
  fileName: string,
  sizeBytes: number | undefined,
): Promise<UploadProgress> {
  const { SingleBar } = await import('cli-progress')
  const format =
    sizeBytes === undefined
      ? `${fileName} {sent} sent`
      : `${fileName} {bar} {percentage}%  {sent} of ${formatBytes(sizeBytes)}  {eta_formatted} left`
  const bar = new SingleBar({
    format,
    stream: output,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: null,
    gracefulExit: false,
  })
  let sentBytes = 0
  bar.start(sizeBytes ?? 0, 0, { sent: formatBytes(0) })
  return {
    sent(bytes) {
      sentBytes += bytes
      bar.update(sentBytes, { sent: formatBytes(sentBytes) })
    },
    stop: () => bar.stop(),
  }
}
