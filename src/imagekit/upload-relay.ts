import { FormFingerprint } from './form-fingerprint.ts'
import type { FormPart } from './form-part.ts'
import { KNOWN_FIELDS } from './form-reader.ts'
import type { FormWriter } from './form-writer.ts'
import { FieldCollector, type UploadFields } from './upload-fields.ts'

/** Asked once all of a form has come; `fingerprint` is null where nobody asked for it. */
export type CloseUpload = (
  fields: UploadFields & { fingerprint: string | null },
) => Promise<{ webhookUrl: string | null }>

/**
 * The outgoing form, made as the incoming one arrives. The caller's `webhookUrl` is held back; `close` is asked for ours
 * once all fields are known, and only after it has answered come our part and the closing boundary. Whatever goes wrong
 * before is thrown, so that the form never becomes complete.
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
    collector.expect(part.name)
    const content = fingerprint?.read(part) ?? part.content
    if (KNOWN_FIELDS.has(part.name)) {
      const pieces: Buffer[] = []
      for await (const chunk of content) pieces.push(chunk)
      const value = Buffer.concat(pieces)
      if (!collector.take(part.name, value.toString('utf8'))) continue
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
