const DEFAULT_RESET_MS = 60_000

/**
 * How long to wait after a 429, in milliseconds: at most an hour, and a minute if ImageKit does not say. ImageKit sends milliseconds:
 * https://imagekit.io/docs/api-overview#rate-limits
 */
export function readResetMs(headers: { [name: string]: string | string[] | undefined }): number {
  const reset = Number(headers['x-ratelimit-reset'])
  return Number.isFinite(reset) && reset > 0 ? Math.min(reset, 3_600_000) : DEFAULT_RESET_MS
}

/** Remembers until when ImageKit accepts no requests. All requests that share a rate limit share a cooldown. */
export function createCooldown(clock: () => number) {
  let startedAt = 0
  let endsAt = 0
  return {
    start(ms: number) {
      startedAt = clock()
      endsAt = startedAt + ms
    },
    /** A clock that was set back ends the cooldown: if the rate limit still applies, ImageKit responds with 429 again. */
    remainingMs() {
      const now = clock()
      return now < startedAt ? 0 : Math.max(0, endsAt - now)
    },
  }
}
