/** Records since when the store is unavailable, as far as this process has noticed: every heartbeat tries the store. */
export type StoreOutage = {
  /** Null while the store is available. */
  since(): number | null
  /** Records the result of using the store just now. */
  note(isUsable: boolean): void
}

export function createStoreOutage({ clock }: { clock: () => number }): StoreOutage {
  let since: number | null = null
  return {
    since: () => since,
    note(isUsable) {
      since = isUsable ? null : (since ?? clock())
    },
  }
}
