import type { IncomingMessage } from 'node:http'
import { BODY_IDLE_MS, bodyChunks } from './body-chunks.ts'

/** The whole body. Throws what `bodyChunks` throws. */
export async function readBody(
  incoming: IncomingMessage,
  maxBytes: number,
  idleMs = BODY_IDLE_MS,
  signal?: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of bodyChunks(incoming, { maxBytes, idleMs }, signal)) chunks.push(chunk)
  return Buffer.concat(chunks)
}
