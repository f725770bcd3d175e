import type { Alert } from '../alert.ts'
import type { AuditEntry } from '../audit-entry.ts'
import type { ClockTrust } from '../due-time.ts'
import type { IdCounts, NewIds } from '../ids.ts'
import type { TableName, Tables } from './tables.ts'

/**
 * Finds rows by something else than their own key, oldest first. `runNamed`, `runsOf` and `unclaimedOf` have the id of a
 * submission, `currentOf`, `unsettledOf` and `submissionsOf` that of a file, `awaitingFile` and `endsOf` that of one of ImageKit's
 * requests, `eventOf` that of an event. The last three have a time: they find what other processes left unfinished that have
 * written no heartbeat after it.
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
  /** At least one submission of a file, where there are any. */
  submissionsOf: 'submissions',
  /** The first submission of a request whose response named no file. */
  awaitingFile: 'submissions',
  /** Deliveries of a submission for an extension with this name, which was not requested. */
  unclaimedOf: 'deliveries',
  /** Deliveries that report how a request's upload ended, and that no submission has claimed. */
  endsOf: 'deliveries',
  /** The delivery with which an event took effect. */
  eventOf: 'deliveries',
  unfinishedSubmissions: 'submissions',
  abandonedClaims: 'claims',
  unfinishedItems: 'retryItems',
} as const satisfies { [name: string]: TableName }

export type LookupName = keyof typeof LOOKUPS

/** A row by its own key, what a lookup finds, or whether an id belongs to what was forgotten. `name`: for `runNamed` and `unclaimedOf`. */
export type Key = readonly [kind: TableName | LookupName | 'forgotten', id: string, name?: string | undefined]

/** The rows that a step asked for, as the steps before it have left them. */
export type Facts = {
  find<T extends TableName>(table: T, key: string): Tables[T] | undefined
  list<L extends LookupName>(lookup: L, id?: string, name?: string): Tables[(typeof LOOKUPS)[L]][]
  isForgotten(id: string): boolean
}

type Rows = { [T in TableName]?: readonly Tables[T][] }

/** What a decision changes. Rows are whole, as they are afterwards. */
export type Changes = {
  insert?: Rows
  update?: Rows
  remove?: { [T in TableName]?: readonly string[] }
  other?: OtherChanges
}

/** What is written and that no decision reads. */
export type OtherChanges = {
  acts?: readonly AuditEntry[]
  /** Many runs to retry, in this order. */
  retry?: { retryId: string; at: number; actor: string; runIds: readonly string[] }
  alerts?: readonly Alert[]
  /** An alert whose present state has been reported; one that is resolved goes. */
  reportedAlert?: Pick<Alert, 'alertId' | 'state'>
  endedSession?: { sessionId: string; endsAt: number; forgetBefore: number }
  /** Failed attempts to sign in at this time or earlier are forgotten. */
  signInsSince?: number
  clockTrust?: ClockTrust
  tokenCheckValue?: number
  /** This process is alive. */
  heartbeatAt?: number
  /** Other processes without a heartbeat after this time have ended. */
  silentSince?: number
  /** Writes as much as a delivery would, and removes it. */
  probe?: true
}

export type Decision<R> = { result: R; changes: Changes }

/** One thing that happens. All of its changes are committed, or none. */
export type Step<R> = {
  keys: readonly Key[]
  /** What else `decide` needs, which is only known from the first rows. */
  more?(facts: Facts): readonly Key[]
  /** Pure. What it throws rejects this step alone, and then it changes nothing. */
  decide(facts: Facts, ids: NewIds): Decision<R>
  /** The new ids that it usually takes. It may take more: then it waits for them, and is decided again. */
  takes?: IdCounts
  /** How much memory it holds until it is committed. */
  bytes?: number
}
