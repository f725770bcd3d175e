import type { Act } from '../domain/act.ts'
import type {
  DeliveryFilter,
  DeliveryPlace,
  KeptDelivery,
  ListedDelivery,
} from '../domain/listed-delivery.ts'
import type { NotTaken, RetryItemState, RetryProgress, RetryRefusal } from '../domain/retry.ts'
import type { Run } from '../domain/run.ts'
import type { ListedRun, RunFilter } from '../domain/run-filter.ts'
import type { RunGroup } from '../domain/run-group.ts'
import type { RunHistory } from '../domain/run-history.ts'
import type { NewSubmission, Submission } from '../domain/submission.ts'
import type { SettledInHour, TallyCount } from '../domain/tally.ts'

/** What an operator reads and does. Lists are newest first by insertion; each method is one atomic step, as in `Store`. */
export type OperatorStore = {
  /**
   * Runs of rejected submissions are found by their exact ids only. `next` is the place of the next page, null at the end.
   * A page may be short of its limit, or empty, and have a next one: where thousands of files have names that begin alike,
   * so many runs are looked at for a page and no more.
   */
  listRuns(
    filter: RunFilter,
    page: { limit: number; before: number | null },
  ): Promise<{ runs: ListedRun[]; next: number | null }>

  findRunHistory(runId: string): Promise<RunHistory | undefined>

  /** The submissions of an asset with their runs, the newest first; none for an unknown asset. `next` is null at the end. */
  listAssetSubmissions(
    fileId: string,
    page: { limit: number; before: number | null },
  ): Promise<{ submissions: { submission: Submission; runs: Run[] }[]; next: number | null }>

  /** Refused deliveries among them. */
  listDeliveries(
    filter: DeliveryFilter,
    page: { limit: number; before: DeliveryPlace | null },
  ): Promise<{ deliveries: ListedDelivery[]; next: DeliveryPlace | null }>

  findDelivery(deliveryId: string): Promise<KeptDelivery | undefined>

  /** How many runs there are of each kind. */
  listRunGroups(): Promise<(RunGroup & { size: number })[]>

  /** What was counted in these hours since the epoch, half-open, added up. */
  sumTallies(from: number, until: number): Promise<TallyCount[]>

  /** How many runs came to each status in each of these hours, half-open; hours in which none did are not told. */
  listSettled(from: number, until: number): Promise<SettledInHour[]>

  /** When the run was requested that has been pending the longest, by insertion. */
  findOldestPending(): Promise<{ runId: string; requestedAt: number } | undefined>

  /** Marks runs that are not pending as seen to, and writes the act down once. Returns them. */
  acknowledgeRuns(runIds: readonly string[], act: Act): Promise<ListedRun[]>

  /**
   * Removes every row and body of an asset. What still comes for it is not kept. False where there is none: then nothing is
   * removed. The names in the audit log go before, in many small steps; all else in one. Where only the log of the database
   * could not be emptied it rejects though all of it is removed; asked again, it empties that.
   */
  forgetAsset(fileId: string, act: Act): Promise<boolean>

  /** Writes down which runs are to be asked for again, in this order, each once. Unknown ids are passed over. */
  createRetry(retryId: string, runIds: readonly string[], act: Act): Promise<void>

  /**
   * The submission that asks for a run again, with what it is done for: an operator's act, or an item of a retry. The run
   * itself is seen to thereby. Returns
   * why nothing was written, if the run may not be asked for again (any more).
   */
  submitRetry(
    runId: string,
    submission: NewSubmission,
    origin: { act: Act } | { itemId: number },
  ): Promise<RetryRefusal | null>

  /** ImageKit did not take what `submitRetry` wrote down at this time: the run is no longer seen to. */
  withdrawRetry(runId: string, at: number): Promise<void>

  /** The first that is waiting. What was under way when a process died is `unconfirmed`, and never returned. */
  nextRetryItem(): Promise<{ itemId: number; runId: string; actor: string } | undefined>

  /** Of an item that is over already nothing changes. */
  endRetryItem(itemId: number, state: RetryItemState, reason: string | null): Promise<void>

  findRetry(retryId: string): Promise<RetryProgress | undefined>

  /** What of a retry is over and was not clearly accepted, in its order, at most `limit`. */
  listNotTaken(retryId: string, limit: number): Promise<NotTaken[]>

  recordAct(act: Act): Promise<void>

  listActs(page: { limit: number; before: number | null }): Promise<{ acts: Act[]; next: number | null }>

  /** A session was signed out. Those that have been over for a day are deleted: until then the clock may be set back. */
  endSession(session: { sessionId: string; endsAt: number }, now: number): Promise<void>

  listEndedSessions(): Promise<{ sessionId: string; endsAt: number }[]>

  /** A consistent copy of everything, while the service goes on. The file must not be there yet. */
  backUp(path: string): Promise<void>
}
