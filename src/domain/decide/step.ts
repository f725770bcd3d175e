import type { Alert } from '../alert.ts'
import type { AuditEntry } from '../audit-entry.ts'
import type { ClockTrust } from '../due-time.ts'
import type { IdCounts, NewIds } from '../ids.ts'
import type { TableName, Tables } from './rows.ts'

/**
 * Finds rows by something other than their own key, oldest first. The id is that of a submission for `runNamed`, `runsOf` and
 * `unclaimedOf`, of a file for `currentOf`, `unsettledOf` and `submissionsOf`, of an ImageKit request for `awaitingFile` and
 * `uploadEndsOf`, and of an event for `eventOf`. The last three take a time: they find the unfinished work of other processes that
 * have written no heartbeat after it.
 */
export const LOOKUPS = {
  /** The run of a submission with this name. */
  runNamed: 'runs',
  /** All runs of a submission. */
  runsOf: 'runs',
  /** Pending and expired runs of the newest 100 submissions of a file, except those of rejected submissions. */
  unsettledOf: 'runs',
  /** The current runs of a file. */
  currentOf: 'runs',
  /** At least one submission of a file, if it has any. */
  submissionsOf: 'submissions',
  /** The first submission of a request whose response did not name a file. */
  awaitingFile: 'submissions',
  /** Deliveries of a submission for an extension with this name that was not requested. */
  unclaimedOf: 'deliveries',
  /** Deliveries that report the end of a request's upload and that no submission has claimed. */
  uploadEndsOf: 'deliveries',
  /** The delivery that applied an event. */
  eventOf: 'deliveries',
  unfinishedSubmissions: 'submissions',
  abandonedClaims: 'claims',
  unfinishedItems: 'retryItems',
} as const satisfies { [name: string]: TableName }

export type LookupName = keyof typeof LOOKUPS

/** A row by its own key, a lookup, or whether an id was forgotten. `name` is for `runNamed` and `unclaimedOf`. */
export type Key = readonly [kind: TableName | LookupName | 'forgotten', id: string, name?: string | undefined]

/** The rows that a step has requested, including the changes of earlier steps. */
export type Facts = {
  find<T extends TableName>(table: T, key: string): Tables[T] | undefined
  list<L extends LookupName>(lookup: L, id?: string, name?: string): Tables[(typeof LOOKUPS)[L]][]
  isForgotten(id: string): boolean
}

type Rows = { [T in TableName]?: readonly Tables[T][] }

/** The changes of a decision. Rows are complete, as they are afterwards. */
export type Changes = {
  insert?: Rows
  update?: Rows
  remove?: { [T in TableName]?: readonly string[] }
  other?: OtherChanges
}

/** Written data that no decision reads. */
export type OtherChanges = {
  auditEntries?: readonly AuditEntry[]
  /** Many runs to retry, in this order. */
  retry?: { retryId: string; at: number; actor: string; runIds: readonly string[] }
  alerts?: readonly Alert[]
  /** An alert whose present state has been reported. A resolved one is deleted. */
  reportedAlert?: Pick<Alert, 'alertId' | 'state'>
  endedSession?: { sessionId: string; endsAt: number; forgetBefore: number }
  /** Failed sign-in attempts at this time or earlier are deleted. */
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
