import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { errorMessage } from '../domain/errors.ts'
import { CommandError, errorCode } from './command-error.ts'

/** The file to upload. `fileName`: the name from its path or URL, if any. */
export type UploadSource =
  | { kind: 'url'; fileName: string | undefined; url: string }
  | {
      kind: 'bytes'
      fileName: string | undefined
      /** Undefined if the size is not known before everything has been read. */
      sizeBytes: number | undefined
      read: () => Readable
      close: () => Promise<void>
    }

/** `-` is the standard input. An http(s) URL is fetched by ImageKit itself. Anything else is a path. */
export async function openSource(file: string, stdin: Readable): Promise<UploadSource> {
  if (file === '-')
    return {
      kind: 'bytes',
      fileName: undefined,
      sizeBytes: undefined,
      read: () => stdin,
      close: async () => {},
    }
  if (/^https?:\/\//i.test(file)) return { kind: 'url', fileName: nameInUrl(file), url: file }
  return openFile(file)
}

const READ_CHUNK_BYTES = 256 * 1024

async function openFile(path: string): Promise<UploadSource> {
  try {
    const handle = await open(path)
    const stats = await handle.stat()
    if (stats.isDirectory()) {
      await handle.close()
      throw new CommandError(`${path} is a directory.`)
    }
    return {
      kind: 'bytes',
      fileName: basename(path),
      sizeBytes: stats.isFile() ? stats.size : undefined,
      read: () => handle.createReadStream({ highWaterMark: READ_CHUNK_BYTES }),
      close: () => handle.close(),
    }
  } catch (error) {
    if (error instanceof CommandError) throw error
    const reason = errorCode(error) === 'ENOENT' ? 'there is no such file' : errorMessage(error)
    throw new CommandError(`${path} can't be read: ${reason}.`, 1, { cause: error })
  }
}

function nameInUrl(text: string): string | undefined {
  if (!URL.canParse(text)) throw new CommandError(`"${text}" is not a valid URL.`, 2)
  const name = new URL(text).pathname.split('/').at(-1)
  if (!name) return undefined
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
