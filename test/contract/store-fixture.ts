import type { StoreHandle } from '../../src/store/store.ts'

/** A store that is empty at first. `reopen` closes it, and opens a new handle on the same data. */
export type ReopenableStore = {
  store: StoreHandle
  reopen: () => Promise<StoreHandle>
  destroy: () => Promise<void>
}

export type StoreFixture = ReopenableStore & {
  /** Opens another handle on the same data, as if by the same process. `destroy` closes it. */
  openAnother: () => Promise<StoreHandle>
  /** Opens another handle on the same data, as if by another process. `destroy` closes it. */
  openAnotherProcess: () => Promise<StoreHandle>
  /**
   * Makes the database reject new deliveries that were received at this time, or new submissions that were created at this time.
   * Resolves with a function that makes it accept them again.
   */
  failInserts: (table: 'deliveries' | 'submissions', at: number) => Promise<() => Promise<void>>
}
