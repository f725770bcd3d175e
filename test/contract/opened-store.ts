import type { Store } from '../../src/store/store.ts'

/** An empty store, and the means to close it and open it again on the same data. */
export type OpenedStore = { store: Store; reopen: () => Promise<Store>; destroy: () => Promise<void> }
