const DEFAULT_RESET_MS = 60_000

/**
 * The time to wait, at most an hour; a minute if ImageKit does not send it. ImageKit sends milliseconds:
 * https://imagekit.io/docs/api-overview#rate-limits
 */
export function readResetMs(headers: { [name: string]: string | string[] | undefined }): number {
  const reset = Number(headers['x-ratelimit-reset'])
  return Number.isFinite(reset) && reset > 0 ? Math.min(reset, 3_600_000) : DEFAULT_RESET_MS
}

/** The time during which ImageKit accepts no requests, shared by all users of one lookup. */
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
