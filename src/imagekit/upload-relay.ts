import { FormFingerprint } from './form-fingerprint.ts'
import type { FormPart } from './form-part.ts'
import { KNOWN_FIELDS } from './form-reader.ts'
import type { FormWriter } from './form-writer.ts'
import { FieldCollector, type UploadFields } from './upload-fields.ts'

/** Called once the whole form has arrived. `fingerprint` is null unless it was requested. Returns the `webhookUrl` to add, if any. */
export type CloseUpload = (
  fields: UploadFields & { fingerprint: string | null },
) => Promise<{ webhookUrl: string | null }>

/**
 * Yields the outgoing form as the incoming one arrives, without the caller's `webhookUrl`. Once the whole form has arrived, `close`
 * returns our own `webhookUrl` if the upload needs one; only then are its part and the closing boundary sent. Any error before that
 * is thrown, so that the form never becomes complete.
 */
export async function* relayUpload(
  parts: AsyncIterable<FormPart>,
  writer: FormWriter,
  close: CloseUpload,
  options: { fingerprint: boolean; allowPrivateTargets: boolean; onComplete: () => void },
): AsyncGenerator<string | Buffer, void> {
  const collector = new FieldCollector(options)
  const fingerprint = options.fingerprint ? new FormFingerprint() : undefined
  for await (const part of parts) {
    collector.beginPart(part.name)
    const content = fingerprint?.read(part) ?? part.content
    if (KNOWN_FIELDS.has(part.name)) {
      const pieces: Buffer[] = []
      for await (const chunk of content) pieces.push(chunk)
      const value = Buffer.concat(pieces)
      if (!collector.setField(part.name, value.toString('utf8'))) continue
      yield writer.partHead(part)
      yield value
    } else {
      yield writer.partHead(part)
      yield* content
    }
    yield writer.partEnd
  }
  const { webhookUrl } = await close({
    ...collector.fields,
    fingerprint: fingerprint?.digest() ?? null,
  })
  if (webhookUrl !== null) yield `${writer.partHead({ name: 'webhookUrl' })}${webhookUrl}${writer.partEnd}`
  options.onComplete()
  yield writer.formEnd
}
