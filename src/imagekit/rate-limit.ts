const DEFAULT_HOLD_MS = 60_000

/** ImageKit gives the time to wait in milliseconds: https://imagekit.io/docs/api-overview#rate-limits */
export function readHoldMs(headers: { [name: string]: string | string[] | undefined }): number {
  const reset = Number(headers['x-ratelimit-reset'])
  return Number.isFinite(reset) && reset > 0 ? Math.min(reset, 3_600_000) : DEFAULT_HOLD_MS
}
