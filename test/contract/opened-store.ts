import type { StoreHandle } from '../../src/store/store.ts'

/** An empty store, and the means to close it and open it again on the same data. */
export type ReopenableStore = {
  store: StoreHandle
  reopen: () => Promise<StoreHandle>
  destroy: () => Promise<void>
}

export type OpenedStore = ReopenableStore & {
  /** Another handle on the same data. `destroy` closes it. */
  openAnother: () => Promise<StoreHandle>
  /** The same, as another process has it. */
  openAnotherProcess: () => Promise<StoreHandle>
  /**
   * Makes the database fail to insert each delivery that was received at this time, or each submission that was created at it.
   * Call what it resolves to and the database accepts them again.
   */
  refuse: (what: 'deliveries' | 'submissions', at: number) => Promise<() => Promise<void>>
}
