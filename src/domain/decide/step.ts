import type { Alert } from '../alert.ts'
import type { AuditEntry } from '../audit-entry.ts'
import type { ClockTrust } from '../due-time.ts'
import type { IdCounts, NewIds } from '../ids.ts'
import type { TableName, Tables } from './rows.ts'

/** Finds rows by something other than their own key, oldest first. */
export const LOOKUPS = {
  /** By submission and name: its run with this name. */
  runNamed: 'runs',
  /** By submission: all of its runs. */
  runsOf: 'runs',
  /** By file: the pending and expired runs of its newest 100 submissions, except those of rejected submissions. */
  unsettledOf: 'runs',
  /** By file: its current runs. */
  currentOf: 'runs',
  /** By file: one of its submissions, if it has any. */
  submissionOf: 'submissions',
  /** By ImageKit's request id: the first submission of this request without a baseline, because no response has named its file. */
  awaitingFile: 'submissions',
  /** By submission and name: its deliveries for an extension with this name that was not requested. */
  unclaimedOf: 'deliveries',
  /** By ImageKit's request id: the deliveries that report the end of its upload and that no submission has claimed. */
  uploadEndsOf: 'deliveries',
  /** By event: the first delivery of this event. */
  firstDeliveryOf: 'deliveries',
  /** By time, as text: unfinished submissions of other processes that have written no heartbeat after it. */
  unfinishedSubmissions: 'submissions',
  /** By time, as text: claims without a response, of other processes that have written no heartbeat after it. */
  unfinishedClaims: 'claims',
  /** By time, as text: items of retries that other processes, without a heartbeat after it, have begun and not ended. */
  unfinishedItems: 'retryItems',
} as const satisfies { [name: string]: TableName }

export type LookupName = keyof typeof LOOKUPS

/** Asks for a row by its own key, for the rows of a lookup, or whether an id was forgotten. `name` is for `runNamed` and `unclaimedOf`. */
export type Key = readonly [kind: TableName | LookupName | 'forgotten', by: string, name?: string | undefined]

/** The rows that a step has requested, including the changes of earlier steps. */
export type Facts = {
  find<T extends TableName>(table: T, key: string): Tables[T] | undefined
  list<L extends LookupName>(lookup: L, id?: string, name?: string): Tables[(typeof LOOKUPS)[L]][]
  isForgotten(id: string): boolean
}

type Rows = { [T in TableName]?: readonly Tables[T][] }

/** The changes of a decision. Each row is complete, in its state after the change. */
export type Changes = {
  insert?: Rows
  update?: Rows
  remove?: { [T in TableName]?: readonly string[] }
  other?: OtherChanges
}

/** Further changes. Later steps of the same batch don't see them. */
export type OtherChanges = {
  auditEntries?: readonly AuditEntry[]
  /** Many runs to retry, in this order. */
  retry?: { retryId: string; at: number; actor: string; runIds: readonly string[] }
  alerts?: readonly Alert[]
  /** An alert whose present state has been reported. A resolved one is deleted. */
  reportedAlert?: Pick<Alert, 'alertId' | 'state'>
  endedSession?: { sessionId: string; endsAt: number; forgetBefore: number }
  /** Names whose latest failed sign-in attempt was at this time or earlier are deleted. */
  signInsSince?: number
  clockTrust?: ClockTrust
  /** Identifies the token secret; see `CapabilityTokens`. */
  tokenCheckValue?: number
  /** The heartbeat of this process. */
  heartbeatAt?: number
  /** Other processes without a heartbeat after this time have ended. */
  silentSince?: number
  /** Writes as much as a delivery would, and deletes it again. */
  probe?: true
}

export type Decision<R> = { result: R; changes: Changes }

/** One change. It is committed completely, or not at all. */
export type Step<R> = {
  keys: readonly Key[]
  /** Further keys that `decide` needs, and that depend on the first rows. */
  more?(facts: Facts): readonly Key[]
  /** Pure. An error rejects only this step, which then changes nothing. */
  decide(facts: Facts, ids: NewIds): Decision<R>
  /** How many new ids it usually needs. If it needs more, it waits for them and is decided again. */
  idsNeeded?: IdCounts
  /** The memory that it uses until it is committed. */
  bytes?: number
}

/** The same decision, but nothing is written. */
export function withoutChanges<R>(step: Step<R>): Step<R> {
  return { ...step, decide: (facts, ids) => ({ ...step.decide(facts, ids), changes: {} }) }
}
