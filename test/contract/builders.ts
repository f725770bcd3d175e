import { randomUUID } from 'node:crypto'
import type { AccountEvent } from '../../src/domain/account-event.ts'
import type { AuditEntry } from '../../src/domain/audit-entry.ts'
import type { NewAccountDelivery, NewDelivery, NewRejectedDelivery } from '../../src/domain/delivery.ts'
import type { ExtensionResult } from '../../src/domain/extension-result.ts'
import type { Finding } from '../../src/domain/finding.ts'
import type { KeyClaim } from '../../src/domain/idempotency.ts'
import { numberOf } from '../../src/domain/ids.ts'
import type { FinalStatus } from '../../src/domain/run.ts'
import type { Baseline, NewSubmission } from '../../src/domain/submission.ts'
import type { UploadResponse } from '../../src/domain/upload-response.ts'

/* Values to pass to a store. The functions have defaults for everything that a test does not mention. */

export const FILE_ID = '598821f949c0a938d57563bd'

/** The file's details in a response. */
export const BASELINE: Baseline = {
  versionId: 'v1',
  versionName: 'Version 1',
  aiTags: {},
  description: null,
  tags: null,
  customMetadata: null,
  updatedAt: null,
  url: null,
}

export function newSubmission(names: string[], facts: Partial<NewSubmission> = {}): NewSubmission {
  return {
    kind: 'upload',
    fileId: null,
    fileName: 'cat.png',
    extensions: names.map((name) => ({ name })),
    callerWebhookUrl: null,
    keyName: 'default',
    setsDescription: false,
    at: 1_000,
    attempt: 1,
    ...facts,
  }
}

/** A new request's claim of an idempotency key. */
export function newKeyClaim(scope: string): KeyClaim {
  return { scope, nonce: randomUUID() }
}

/** An attempt to send a notification, without a response. */
export const AN_ATTEMPT = { at: 4_000, status: null }

/**
 * Ids that no row of the same kind as `id` has: malformed ones, and variants of `id`, an existing one. The variant of another kind
 * may be the id of a row of that kind, because a run has the check of its submission. `check`: the random bits.
 */
export function unknownIds(id: string): string[] {
  const number = numberOf(id)
  const [kind, check] = [id.slice(0, 3), id.slice(`sub_${number}_`.length)]
  const other = kind === 'sub' ? 'run' : 'sub'
  const flipped = (check.startsWith('A') ? 'B' : 'A') + check.slice(1)
  return [
    'nowhere',
    '',
    `${kind}_${number}_${flipped}`, // another check
    `${kind}_${number + 1_000_000}_${check}`, // another number
    `${kind}_9007199254740993_${check}`, // a number that is not a safe integer
    `${other}_${number}_${check}`, // another kind
    `${kind}_0${number}_${check}`, // a leading zero
    `${kind}_${number}`, // no check
    `${id}A`, // a longer check
    ` ${id}`, // a leading space
    id.toUpperCase(), // another case
  ]
}

export function newDelivery(
  submissionId: string,
  result: Partial<ExtensionResult>,
  facts: Partial<NewDelivery> = {},
): NewDelivery {
  return {
    route: 'extension',
    receivedAt: 2_000,
    submissionId,
    signature: 'absent',
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(result)),
    result: { service: null, status: null, fileId: FILE_ID, error: null, ...result },
    ...facts,
  }
}

export function newAccountDelivery(event: AccountEvent, receivedAt = 2_000): NewAccountDelivery {
  const headers = { 'content-type': 'application/json' }
  return { receivedAt, headers, body: Buffer.from(JSON.stringify(event)), event }
}

export function newRejected(facts: Partial<NewRejectedDelivery> = {}): NewRejectedDelivery {
  const body = facts.body ?? Buffer.from('{"service":"remove-bg"}')
  return {
    route: 'extension',
    receivedAt: 2_000,
    cause: 'forged_token',
    token: 'a.token',
    submissionId: null,
    fileId: null,
    headers: { 'content-type': 'application/json', 'x-ik-signature': 't=1,v1=ab' },
    body,
    bytes: body.length,
    ...facts,
  }
}

/** The finding that the file has a new version, which is evidence that the extension succeeded. */
export const EVIDENCE = {
  kind: 'evidence',
  evidence: { kind: 'newer_version', before: { id: 'v1', name: 'Version 1' }, now: { id: 'v2', name: null } },
  notificationBody: '{"service":"remove-bg","status":"SUCCESS","fileId":"ü"}',
} as const satisfies Finding

type Accepted = Extract<UploadResponse, { kind: 'accepted' }>

export function accepted(
  extensionStatus: { [name: string]: 'pending' | FinalStatus },
  facts: Partial<Accepted> = {},
): Accepted {
  return {
    kind: 'accepted',
    fileId: FILE_ID,
    fileName: 'cat_x1.png',
    requestId: 'request-1',
    extensionStatus,
    baseline: null,
    ...facts,
  }
}

/** A response that does not clearly accept the request. The error is the same for both kinds: the store does not interpret it. */
export function unaccepted(kind: 'rejected' | 'unconfirmed'): UploadResponse {
  return { kind, requestId: null, error: { code: 'imagekit_rejected', message: 'no', status: 400 } }
}

export function anAuditEntry(facts: Partial<AuditEntry> = {}): AuditEntry {
  return {
    at: 9_000,
    actor: 'default',
    kind: 'acknowledge',
    subject: null,
    reason: 'seen',
    details: null,
    ...facts,
  }
}
