import { createHash, type Hash } from 'node:crypto'
import { TrackerError } from '../domain/errors.ts'
import type { RequestedExtension } from '../domain/submission.ts'
import { parseExtensionsText } from './extensions-parameter.ts'
import type { FormPart } from './form-reader.ts'
import type { FormWriter } from './form-writer.ts'
import { parseWebhookUrl } from './webhook-url-parameter.ts'

/** What the tracker has to know of an upload form, once all of it has come. */
export type UploadFields = {
  fileName: string | null
  extensions: RequestedExtension[]
  callerWebhookUrl: string | null
  /** SHA-256 over the parts in order: name, file name, content. Null where nobody asked for it. */
  fingerprint: string | null
}

const ONCE = new Set(['extensions', 'webhookUrl', 'fileName', 'file'])

/**
 * The outgoing form, made as the incoming one arrives. The caller's `webhookUrl` is held back; `close` is asked for ours
 * once all fields are known, and only after it has answered come our part and the closing boundary. Whatever goes wrong
 * before is thrown, so that the form never becomes complete.
 */
export async function* relayUpload(
  parts: AsyncIterable<FormPart>,
  writer: FormWriter,
  close: (fields: UploadFields) => Promise<{ webhookUrl: string | null }>,
  options: { fingerprint: boolean; onComplete: () => void },
): AsyncGenerator<string | Buffer, void> {
  const fields = new FieldCollector()
  const fingerprint = options.fingerprint ? createHash('sha256') : undefined
  for await (const part of parts) {
    fields.take(part)
    const content = fingerprint && createHash('sha256')
    const isRelayed = part.name !== 'webhookUrl'
    if (isRelayed) yield writer.partHead(headOf(part))
    for await (const chunk of contentOf(part)) {
      content?.update(chunk)
      if (isRelayed) yield chunk
    }
    if (isRelayed) yield writer.partEnd
    if (content) addPart(fingerprint, part, content)
  }
  const { webhookUrl } = await close({
    ...fields.collected(),
    fingerprint: fingerprint?.digest('hex') ?? null,
  })
  if (webhookUrl !== null) yield `${writer.partHead({ name: 'webhookUrl' })}${webhookUrl}${writer.partEnd}`
  options.onComplete()
  yield writer.formEnd
}

/** Reads a form to its end for its fingerprint alone. */
export async function fingerprintUpload(parts: AsyncIterable<FormPart>): Promise<string> {
  const fingerprint = createHash('sha256')
  for await (const part of parts) {
    const content = createHash('sha256')
    for await (const chunk of contentOf(part)) content.update(chunk)
    addPart(fingerprint, part, content)
  }
  return fingerprint.digest('hex')
}

function addPart(fingerprint: Hash | undefined, part: FormPart, content: Hash): void {
  const fileName = part.kind === 'file' ? (part.fileName ?? null) : null
  fingerprint?.update(JSON.stringify([part.name, fileName, content.digest('hex')]))
}

function headOf(part: FormPart): Parameters<FormWriter['partHead']>[0] {
  if (part.kind === 'field' || part.fileName === undefined) return { name: part.name }
  return { name: part.name, fileName: part.fileName, contentType: part.contentType }
}

function contentOf(part: FormPart): AsyncIterable<Buffer> | Iterable<string> {
  return part.kind === 'file' ? part.content : [part.value]
}

class FieldCollector {
  readonly #seen = new Set<string>()
  readonly #fields: Omit<UploadFields, 'fingerprint'> = {
    fileName: null,
    extensions: [],
    callerWebhookUrl: null,
  }

  take(part: FormPart): void {
    if (ONCE.has(part.name) && this.#seen.has(part.name))
      throw new TrackerError('invalid_input', `Your request contains the ${part.name} parameter twice.`)
    this.#seen.add(part.name)
    if (part.kind !== 'field') return
    if (part.name === 'fileName') this.#fields.fileName = part.value
    if (part.name === 'extensions') this.#fields.extensions = parseExtensionsText(part.value)
    if (part.name === 'webhookUrl') this.#fields.callerWebhookUrl = parseWebhookUrl(part.value)
  }

  collected(): Omit<UploadFields, 'fingerprint'> {
    return this.#fields
  }
}
