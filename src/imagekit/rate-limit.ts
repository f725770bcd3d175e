const DEFAULT_HOLD_MS = 60_000

/** ImageKit gives the time to wait in milliseconds: https://imagekit.io/docs/api-overview#rate-limits */
export function readHoldMs(headers: { [name: string]: string | string[] | undefined }): number {
  const reset = Number(headers['x-ratelimit-reset'])
  return Number.isFinite(reset) && reset > 0 ? Math.min(reset, 3_600_000) : DEFAULT_HOLD_MS
}

/** How long ImageKit is to be left alone, for all who ask through one lookup. */
export function createHold(clock: () => number) {
  let since = 0
  let until = 0
  return {
    begin(ms: number) {
      since = clock()
      until = since + ms
    },
    /** In milliseconds. A clock that was set back ends it: ImageKit says it again if it still holds. */
    leftMs() {
      const now = clock()
      return now < since ? 0 : Math.max(0, until - now)
    },
  }
}
