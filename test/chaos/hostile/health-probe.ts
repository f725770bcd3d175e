/** Requests /healthz continuously, and measures the longest response time. `stop` rejects if a request got no response. */
export type HealthProbe = { stop(): Promise<{ checks: number; longestMs: number }> }

/** The same thread handles /healthz and everything else, so whatever blocks other requests delays /healthz too. */
export function startHealthProbe(url: URL): HealthProbe {
  const stopping = new AbortController()
  let checks = 0
  let longestMs = 0
  const probe = async () => {
    while (!stopping.signal.aborted) {
      const startedAt = performance.now()
      const response = await fetch(new URL('/healthz', url))
      await response.arrayBuffer()
      longestMs = Math.max(longestMs, Math.round(performance.now() - startedAt))
      checks += 1
    }
  }
  const probed = probe()
  // `stop` rejects with this error. Until then it must not count as unhandled.
  probed.catch(() => {})
  return {
    async stop() {
      stopping.abort()
      await probed
      return { checks, longestMs }
    },
  }
}
