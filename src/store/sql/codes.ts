import type { DeliveryOutcome, DeliveryRoute, SignatureCheck } from '../../domain/delivery.ts'
import type { FinalStatus, RunSource, RunStatus } from '../../domain/run.ts'
import type { SubmissionKind, SubmissionState } from '../../domain/submission.ts'

/** A closed set of words, each stored as its place in this order. New ones are added at the end. */
export type Code<T extends string> = { to: { readonly [word in T]: number }; from: readonly T[] }

function codeOf<T extends string>(...words: T[]): Code<T> {
  // The words are the keys.
  const to = Object.fromEntries(words.map((word, code) => [word, code])) as { [word in T]: number }
  return { to, from: words }
}

/** Throws for a code that this program doesn't know. */
export function textOf<T extends string>({ from }: Code<T>, code: number): T {
  const word = from[code]
  if (word === undefined)
    throw new Error(`the database has the unknown code ${code} beside ${from.join(', ')}`)
  return word
}

export const STATUS = codeOf<RunStatus>('pending', 'success', 'failed', 'expired')
/** SQLite keeps 0 and 1 without a byte of their own, so a row does not grow when a webhook settles what a response left pending. */
export const SOURCE = codeOf<RunSource>('request', 'webhook', 'response', 'reconcile', 'expiry')
/** A run is pending, and its submission is not rejected. `run`: what stands before its columns. */
export function isPending(run = ''): string {
  return `${run}status = ${STATUS.to.pending} AND ${run}hidden IS NULL`
}

export const FINAL_STATUS = codeOf<FinalStatus>('success', 'failed')
export const KIND = codeOf<SubmissionKind>('upload', 'update', 'external')
export const STATE = codeOf<SubmissionState>('submitting', 'accepted', 'rejected', 'unconfirmed')
/** What needs an operator's attention. */
export const ATTENTION = { failed: 1, expired: 2 } as const
export const ROUTE = codeOf<DeliveryRoute>('extension', 'account')
export const SIGNATURE = codeOf<SignatureCheck>('valid', 'invalid', 'absent', 'unchecked')
export const OUTCOME = codeOf<DeliveryOutcome>('applied', 'duplicate', 'contradicted', 'ignored', 'rejected')
