import { createHash } from 'node:crypto'
import type { FormPart } from './form-part.ts'

/** SHA-256 over the name, file name and content of each part of a form, in order. The boundary makes no difference. */
export class FormFingerprint {
  readonly #form = createHash('sha256')

  /** Adds a part to the fingerprint, and yields its content unchanged. */
  async *read({ name, fileName, content }: FormPart): AsyncGenerator<Buffer, void> {
    const hash = createHash('sha256')
    for await (const chunk of content) {
      hash.update(chunk)
      yield chunk
    }
    this.#form.update(JSON.stringify([name, fileName ?? null, hash.digest('hex')]))
  }

  digest(): string {
    return this.#form.digest('hex')
  }
}

/** Reads a form to its end only to compute its fingerprint. */
export async function fingerprintForm(parts: AsyncIterable<FormPart>): Promise<string> {
  const fingerprint = new FormFingerprint()
  for await (const part of parts) for await (const _ of fingerprint.read(part));
  return fingerprint.digest()
}
