import { TrackerError } from '../domain/errors.ts'
import type { StoreHandle } from './store.ts'

export type OpeningStore = {
  /** Until the database is open each step is rejected with `store_unavailable`; closing it is always allowed. */
  store: StoreHandle
  /** Rejects with what refused; then it may be tried again. */
  tryOpen: () => Promise<void>
}

/** A store that is there before its database is. `open` has to do all that must be done before the first step of others. */
export function createOpeningStore(open: () => Promise<StoreHandle>): OpeningStore {
  let opened: StoreHandle | undefined
  let reason = 'it is not open yet'
  const refuse = async (): Promise<never> => {
    throw new TrackerError('store_unavailable', `The database cannot be used: ${reason}. Try again later.`)
  }
  const store = new Proxy({} as StoreHandle, {
    get(_, step: keyof StoreHandle) {
      if (step === 'isShared') return opened?.isShared ?? false
      return opened?.[step] ?? (step === 'close' ? async () => {} : refuse)
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

/** It is shown to every caller, so it is only SQLite's own message, without the path. */
function reasonOf(error: unknown): string {
  const cause = error instanceof TrackerError ? error.cause : undefined
  return cause instanceof Error && cause.name === 'SqliteError' ? cause.message : 'it cannot be opened'
}
