import { InvalidSignatureError } from './client/errors.ts'
import type { AccountEvent } from './domain/account-event.ts'
import { isJsonObject, type Json, type JsonObject } from './domain/json.ts'
import type { FinalStatus } from './domain/run.ts'
import { readAccountEvent } from './imagekit/account-event.ts'
import { readExtensionResult } from './imagekit/extension-webhook.ts'
import { type SignatureResult, verifySignature } from './imagekit/webhook-signature.ts'

/** An event of ImageKit's account webhook. `payload` is the whole body. */
export type AccountWebhook = AccountEvent & { payload: JsonObject }

/**
 * The result of one extension. `fileId` is null if the body names no file, `error` if it has none. `payload` is the whole body; after
 * a success, its `fileObject` has the details of the file.
 */
export type ExtensionWebhook = {
  service: string
  status: FinalStatus
  fileId: string | null
  error: Json | null
  payload: JsonObject
}

/** The body is not a webhook of ImageKit. */
export class InvalidWebhookError extends Error {
  override readonly name = 'InvalidWebhookError'
}

type HeaderSource = Headers | { readonly [name: string]: string | readonly string[] | undefined }

/**
 * Verifies a webhook that is configured in ImageKit's dashboard, and reads it. `body` is the raw body: parsing and serialising it again
 * changes it. `headers` are those of Node or of the Fetch API. `secret` is the one that the dashboard shows; during a rotation, pass
 * several. The signed time may be up to five minutes from this machine's clock.
 *
 * Throws `InvalidSignatureError`, and `InvalidWebhookError` for a signed body that is not a JSON object.
 */
export function verifyAccountWebhook(
  body: string | Uint8Array,
  headers: HeaderSource,
  secret: string | readonly string[] | undefined,
): AccountWebhook {
  const bytes = Buffer.from(body)
  const signature = verifySignature({
    headers: lowerCased(headers),
    body: bytes,
    secrets: [secret ?? []].flat(),
    receivedAt: Date.now(),
  })
  if (signature.kind !== 'valid') throw new InvalidSignatureError(faultOf(signature))
  const payload = parsePayload(bytes)
  const event = readAccountEvent(payload)
  return { ...event, eventId: event.eventId ?? signature.eventId, payload }
}

/**
 * Reads a webhook that ImageKit sends to the `webhookUrl` of an upload. `body` is the raw body. Such a webhook has no documented
 * signature, so only a secret part of its URL can prove that ImageKit sent it.
 *
 * Throws `InvalidWebhookError` if the body is not JSON, names no extension or has no known status.
 */
export function parseExtensionWebhook(body: string | Uint8Array): ExtensionWebhook {
  const bytes = Buffer.from(body)
  const payload = parsePayload(bytes)
  const { service, status, fileId, error } = readExtensionResult(payload, bytes.length)
  if (service === null)
    throw new InvalidWebhookError('The body has no valid `service`, or its file id is not valid.')
  if (status === null)
    throw new InvalidWebhookError('The `status` of the body is neither SUCCESS nor FAILURE.')
  return { service, status, fileId, error, payload }
}

function faultOf(signature: Exclude<SignatureResult, { kind: 'valid' }>): string {
  if (signature.kind === 'absent') return 'The headers x-ik-signature and webhook-signature are missing.'
  switch (signature.cause) {
    case 'no_secret':
      return "The secret is empty. Pass the secret of this webhook in ImageKit's dashboard."
    case 'malformed_signature':
      return 'The signature header is malformed.'
    case 'bad_signature':
      return "No signature matches. Verify the raw body with the secret of this webhook in ImageKit's dashboard."
    case 'stale_signature':
      return 'The signed time is more than five minutes from the clock of this machine.'
  }
}

function parsePayload(bytes: Buffer): JsonObject {
  let payload: unknown
  try {
    payload = JSON.parse(bytes.toString())
  } catch (error) {
    throw new InvalidWebhookError('The body is not JSON.', { cause: error })
  }
  if (!isJsonObject(payload)) throw new InvalidWebhookError('The body is not a JSON object.')
  return payload
}

function lowerCased(headers: HeaderSource): { [name: string]: string } {
  // Not `instanceof Headers`: some frameworks and packages have their own.
  const entries: Iterable<[string, string | readonly string[] | undefined]> =
    Symbol.iterator in headers ? (headers as Headers) : Object.entries(headers)
  return Object.fromEntries(
    [...entries].flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), [value].flat().join(', ')]],
    ),
  )
}
