import { TrackerError } from '../domain/errors.ts'
import type { StoreHandle } from './store.ts'

export type OpeningStore = {
  /** Until the database is open, each method rejects with `store_unavailable`, except `close`. */
  store: StoreHandle
  /** Opens the database. Rejects with the reason, and may be called again. */
  tryOpen: () => Promise<void>
}

/** A store that exists before its database is open. `open` must do everything that must precede the first use. */
export function createOpeningStore(open: () => Promise<StoreHandle>): OpeningStore {
  let opened: StoreHandle | undefined
  let reason = 'it is not open yet'
  const reject = async (): Promise<never> => {
    throw new TrackerError('store_unavailable', `The database cannot be used: ${reason}. Try again later.`)
  }
  const store = new Proxy({} as StoreHandle, {
    get(_, name: keyof StoreHandle) {
      if (name === 'isShared') return opened?.isShared ?? false
      return opened?.[name] ?? (name === 'close' ? async () => {} : reject)
    },
  })
  return {
    store,
    async tryOpen() {
      try {
        opened ??= await open()
      } catch (error) {
        reason = reasonOf(error)
        throw error
      }
    },
  }
}

/** The reason that every caller gets. It names no path: it is SQLite's own message, or only says that the database cannot be opened. */
function reasonOf(error: unknown): string {
  const cause = error instanceof TrackerError ? error.cause : undefined
  return cause instanceof Error && cause.name === 'SqliteError' ? cause.message : 'it cannot be opened'
}
