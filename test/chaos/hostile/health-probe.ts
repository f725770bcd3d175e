/** What asks one thing after another whether the service lives, and how long the longest answer took. */
export type HealthProbe = { stop(): Promise<{ asked: number; longestMs: number }> }

/** It is answered by the same thread as everything else: as long as it waits, everybody waits. */
export function startHealthProbe(url: URL): HealthProbe {
  const stopping = new AbortController()
  let asked = 0
  let longestMs = 0
  const probe = async () => {
    while (!stopping.signal.aborted) {
      const startedAt = performance.now()
      const answer = await fetch(new URL('/healthz', url))
      await answer.arrayBuffer()
      longestMs = Math.max(longestMs, Math.round(performance.now() - startedAt))
      asked += 1
    }
  }
  const probed = probe()
  // It is told by `stop`.
  probed.catch(() => {})
  return {
    async stop() {
      stopping.abort()
      await probed
      return { asked, longestMs }
    },
  }
}
