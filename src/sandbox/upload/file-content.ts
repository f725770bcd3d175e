import { readFile } from 'node:fs/promises'
import { invalidParameter } from '../api-error.ts'
import { readHead } from '../library/read-head.ts'
import { decodeBase64Text, isBase64Text } from './base64-text.ts'
import type { SpooledPart } from './multipart-form.ts'
import type { Downloader } from './remote-file.ts'

const HEAD_BYTES = 4096

export type FileContent = { kind: 'binary' | 'base64' | 'url'; path: string }

/**
 * The content of a `file` part: its bytes, a decoded base64 or data-URI text, or the response of a URL. Only a part
 * without a file name can be a text; if it is neither a URL nor base64, its bytes are the content.
 */
export async function resolveContent(
  { downloader }: { downloader: Downloader },
  part: SpooledPart,
  target: string,
): Promise<FileContent> {
  if (part.bytes === 0) throw invalidParameter('file', 'The file is empty.')
  if (part.hasFileName) return { kind: 'binary', path: part.path }
  const head = (await readHead(part.path, HEAD_BYTES)).toString('latin1')
  if (/^\s*https?:\/\//i.test(head)) {
    const text = part.bytes <= HEAD_BYTES ? (await readFile(part.path, 'utf8')).trim() : ''
    if (!URL.canParse(text)) throw invalidParameter('file', 'The URL is not valid.')
    await downloader.download(text, target)
    return { kind: 'url', path: target }
  }
  const dataUri = /^\s*data:[^,]*;base64,/i.exec(head)?.[0]
  if (dataUri === undefined && !(await isBase64Text(part.path))) return { kind: 'binary', path: part.path }
  await decodeBase64Text(part.path, dataUri?.length ?? 0, target)
  return { kind: 'base64', path: target }
}
