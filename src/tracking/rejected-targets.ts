/** The hosts in callers' webhook URLs to which this process sent no notification: they are, or resolve to, private addresses. */
export type RejectedTargets = {
  note(host: string): void
  /** The hosts that were noted in the last 24 hours, the most recent first. `count` also includes their older rejections. */
  list(): { host: string; count: number }[]
}

/** The maximum number of hosts that are kept, because anyone with an API key can name any number of them. */
const MAX_HOSTS = 20
const DAY_MS = 24 * 60 * 60_000

/** The hosts are kept in memory: after a restart, a host is noted again with the caller's next settled run. */
export function createRejectedTargets({ clock }: { clock: () => number }): RejectedTargets {
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
