import { TrackerError } from '../domain/errors.ts'
import type { RequestedExtension } from '../domain/submission.ts'
import { parseExtensionsText } from './extensions-parameter.ts'
import { KNOWN_FIELDS } from './form-reader.ts'
import { parseWebhookUrl } from './webhook-url-parameter.ts'

/** What the tracker has to know of an upload form, once all of it has come. */
export type UploadFields = {
  fileName: string | null
  extensions: RequestedExtension[]
  callerWebhookUrl: string | null
  setsDescription: boolean
}

/** Gathers them while the parts pass by. */
export class FieldCollector {
  readonly #seen = new Set<string>()
  readonly fields: UploadFields = {
    fileName: null,
    extensions: [],
    callerWebhookUrl: null,
    setsDescription: false,
  }

  /** To be told of each part before its content. */
  expect(name: string): void {
    const isOnce = name === 'file' || KNOWN_FIELDS.has(name)
    if (isOnce && this.#seen.has(name))
      throw new TrackerError('invalid_input', `Your request contains the ${name} parameter twice.`)
    this.#seen.add(name)
    if (name === 'description') this.fields.setsDescription = true
  }

  take(name: string, value: string): void {
    if (name === 'fileName') this.fields.fileName = value
    if (name === 'extensions') this.fields.extensions = parseExtensionsText(value)
    if (name === 'webhookUrl') this.fields.callerWebhookUrl = parseWebhookUrl(value)
  }
}
