import { createHash } from 'node:crypto'
import type { FormPart } from './form-part.ts'

/** SHA-256 over the parts of a form in order: name, file name, content. Two requests with the same form have the same one. */
export class FormFingerprint {
  readonly #form = createHash('sha256')

  /** Passes the content of a part through. */
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

/** Reads a form to its end for its fingerprint alone. */
export async function fingerprintForm(parts: AsyncIterable<FormPart>): Promise<string> {
  const fingerprint = new FormFingerprint()
  for await (const part of parts) for await (const _ of fingerprint.read(part));
  return fingerprint.digest()
}
