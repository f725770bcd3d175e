import type { IncomingMessage } from 'node:http'
import { TrackerError } from '../domain/errors.ts'

/** The whole body. Throws `payload_too_large` as soon as it passes `maxBytes`, `client_closed` if it breaks off. */
export function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const tooLarge = () =>
      reject(new TrackerError('payload_too_large', `The body is larger than ${maxBytes} bytes.`))
    const broken = () =>
      reject(new TrackerError('client_closed', 'The request ended before its body was complete.'))
    if (incoming.destroyed) return broken()
    if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) return tooLarge()
    const chunks: Buffer[] = []
    let bytes = 0
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBytes) chunks.push(chunk)
      else {
        chunks.length = 0
        tooLarge()
      }
    })
    incoming.once('end', () => resolve(Buffer.concat(chunks)))
    incoming.once('error', broken)
    incoming.once('close', broken)
  })
}
