import type { StoreHandle } from '../../src/store/store.ts'

/** An empty store that can be closed and opened again on the same data. */
export type ReopenableStore = {
  store: StoreHandle
  reopen: () => Promise<StoreHandle>
  destroy: () => Promise<void>
}

export type StoreFixture = ReopenableStore & {
  /** Another handle on the same data. `destroy` closes it. */
  openAnother: () => Promise<StoreHandle>
  /** Another handle on the same data, opened as if by another process. `destroy` closes it. */
  openAnotherProcess: () => Promise<StoreHandle>
  /**
   * Makes the database fail to insert each delivery received at this time, or each submission created at it. Resolves with a
   * function that removes the fault.
   */
  failInserts: (table: 'deliveries' | 'submissions', at: number) => Promise<() => Promise<void>>
}
