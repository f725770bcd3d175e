import { TrackerError } from '../domain/errors.ts'
import type { RequestedExtension } from '../domain/submission.ts'
import { parseExtensionsText } from './extensions-parameter.ts'
import { invalidForm } from './form-part.ts'
import { KNOWN_FIELDS } from './form-reader.ts'
import { parseWebhookUrl } from './webhook-url-parameter.ts'

/** The fields of a complete upload form that the tracker uses. */
export type UploadFields = {
  fileName: string | null
  extensions: RequestedExtension[]
  callerWebhookUrl: string | null
  /** Whether the form has a `description`: a changed description is then no evidence for another submission. */
  setsDescription: boolean
}

/** Collects the fields while the parts are relayed. */
export class FieldCollector {
  readonly #targets: { allowPrivateTargets: boolean }
  readonly #partNames = new Set<string>()
  readonly fields: UploadFields = {
    fileName: null,
    extensions: [],
    callerWebhookUrl: null,
    setsDescription: false,
  }

  constructor(targets: { allowPrivateTargets: boolean }) {
    this.#targets = targets
  }

  /** Validates and records the name of a part, before its content is relayed. Throws `invalid_input`. */
  beginPart(name: string): void {
    // The official SDK sends each byte of a Buffer as a field of its own.
    if (/^file\[\d+\]$/.test(name)) throw invalidForm('file', SENT_AS_BYTES)
    const isSingle = name === 'file' || KNOWN_FIELDS.has(name)
    if (isSingle && this.#partNames.has(name))
      throw new TrackerError('invalid_input', `Your request contains the ${name} parameter twice.`)
    this.#partNames.add(name)
    if (name === 'description') this.fields.setsDescription = true
  }

  /** Stores the value of a known field. Returns whether to relay the field; otherwise it is left out. */
  setField(name: string, value: string): boolean {
    if (name === 'fileName') this.fields.fileName = value
    if (name === 'extensions' && value !== '') this.fields.extensions = parseExtensionsText(value)
    if (name === 'webhookUrl') this.fields.callerWebhookUrl = parseWebhookUrl(value, this.#targets)
    // The caller's webhookUrl is never relayed: only ours is sent, and only with extensions. An empty `extensions` counts as not sent.
    return name === 'fileName' || (name === 'extensions' && value !== '')
  }
}

const SENT_AS_BYTES =
  'was sent as one field per byte. Wrap a Buffer before you pass it to the SDK: `file: await toFile(buffer, name)`.'
