/** Since when the store cannot be used, as far as this process has noticed: every heartbeat tries. */
export type StoreOutage = {
  /** Null while the store can be used. */
  since(): number | null
  /** The store was tried just now. */
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
