import type { IncomingMessage } from 'node:http'
import { bodyChunks } from './body-chunks.ts'

/** Of a body that is read whole, in milliseconds: a sender that drips it must not hold a socket for hours. */
export const WHOLE_BODY_MS = 60_000

/** The whole body, which may take `totalMs` at most. Throws what `bodyChunks` throws. */
export async function readBody(
  incoming: IncomingMessage,
  maxBytes: number,
  totalMs: number,
): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of bodyChunks(incoming, { maxBytes, idleMs: totalMs, totalMs })) chunks.push(chunk)
  return Buffer.concat(chunks)
}
