import type { DeliveryOutcome, DeliveryRoute, SignatureCheck } from '../../domain/delivery.ts'
import type { FinalStatus, RunSource, RunStatus } from '../../domain/run.ts'
import type { SubmissionKind, SubmissionState } from '../../domain/submission.ts'

/** A fixed set of texts, each stored as its index. New texts are added at the end. */
export type Code<T extends string> = { to: { readonly [text in T]: number }; from: readonly T[] }

function codeOf<T extends string>(...texts: T[]): Code<T> {
  // `Object.fromEntries` loses the type of the keys, which are the texts.
  const to = Object.fromEntries(texts.map((text, code) => [text, code])) as { [text in T]: number }
  return { to, from: texts }
}

/** Throws for a code that this program doesn't know. */
export function textOf<T extends string>({ from }: Code<T>, code: number): T {
  const text = from[code]
  if (text === undefined)
    throw new Error(
      `the database contains the code ${code}, but this program knows only 0 to ${from.length - 1} (${from.join(', ')})`,
    )
  return text
}

export const STATUS = codeOf<RunStatus>('pending', 'success', 'failed', 'expired')
/**
 * SQLite stores 0 and 1 without an extra byte. With `webhook` among the first two, the row of a run does not grow when a webhook
 * reports success.
 */
export const SOURCE = codeOf<RunSource>('request', 'webhook', 'response', 'reconcile', 'expiry')
/** The condition that a run is pending and its submission is not rejected. `run` is the prefix of its columns, such as `r.`. */
export function isPending(run = ''): string {
  return `${run}status = ${STATUS.to.pending} AND ${run}hidden IS NULL`
}

export const FINAL_STATUS = codeOf<FinalStatus>('success', 'failed')
export const KIND = codeOf<SubmissionKind>('upload', 'update', 'external')
export const STATE = codeOf<SubmissionState>('submitting', 'accepted', 'rejected', 'unconfirmed')
/** The statuses that need an operator's attention. */
export const ATTENTION = { failed: 1, expired: 2 } as const
export const ROUTE = codeOf<DeliveryRoute>('extension', 'account')
export const SIGNATURE = codeOf<SignatureCheck>('valid', 'invalid', 'absent', 'unchecked')
export const OUTCOME = codeOf<DeliveryOutcome>('applied', 'duplicate', 'contradicted', 'ignored', 'rejected')
