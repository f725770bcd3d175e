import { open } from 'node:fs/promises'

/** Reads at most the first `length` bytes of a file. */
export async function readHead(path: string, length: number): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length) })
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
