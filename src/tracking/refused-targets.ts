/** Hosts of callers that resolved to a private address, so that nothing was sent to them. */
export type RefusedTargets = {
  note(host: string): void
  /** Those of the last 24 hours, the latest first. */
  list(): { host: string; count: number }[]
}

/** Anybody with an API key can name hosts. */
const MAX_HOSTS = 20
const DAY_MS = 24 * 60 * 60_000

/** They are in memory: a caller whose runs still settle is noted again after a restart. */
export function createRefusedTargets({ clock }: { clock: () => number }): RefusedTargets {
  const hosts = new Map<string, { count: number; at: number }>()
  return {
    note(host) {
      const count = (hosts.get(host)?.count ?? 0) + 1
      hosts.delete(host)
      hosts.set(host, { count, at: clock() })
      const [oldest] = hosts.keys()
      if (hosts.size > MAX_HOSTS && oldest !== undefined) hosts.delete(oldest)
    },
    list: () =>
      [...hosts]
        .filter(([, { at }]) => clock() - at < DAY_MS)
        .map(([host, { count }]) => ({ host, count }))
        .toReversed(),
  }
}
