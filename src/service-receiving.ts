import type { Config } from './config.ts'
import { namedFile } from './domain/account-event.ts'
import { TrackerError } from './domain/errors.ts'
import { parseJson } from './http/read-json.ts'
import { readAccountEvent } from './imagekit/account-event.ts'
import { readExtensionResult } from './imagekit/extension-webhook.ts'
import { verifySignature } from './imagekit/webhook-signature.ts'
import type { CapabilityTokens } from './tracking/capability-tokens.ts'
import { createFirstReceipts } from './tracking/first-receipts.ts'
import { readWebhookToken } from './tracking/links.ts'
import { createSignatureCheck } from './tracking/signature-check.ts'

/** What is needed to verify and parse deliveries. */
export function receivingOf({ signatures }: Pick<Config, 'signatures'>, tokens: CapabilityTokens) {
  const receipts = createFirstReceipts()
  const { secrets, requireOnExtensions } = signatures
  return {
    receipts,
    readToken: (token: string) => readWebhookToken(tokens, token),
    checkSignature: createSignatureCheck({ secrets, verify: verifySignature, receipts }),
    requireSignature: requireOnExtensions,
    parseJson,
    readExtensionResult,
    readAccountEvent,
  }
}

/** The file that the body of a webhook names, on any route; null if it names none. */
export function readFileId(body: Buffer): string | null {
  try {
    const payload = parseJson(body)
    return readExtensionResult(payload, body.length).fileId ?? namedFile(readAccountEvent(payload))
  } catch (error) {
    if (error instanceof TrackerError) return null
    throw error
  }
}
