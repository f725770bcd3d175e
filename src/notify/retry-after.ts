const LONGEST_WAIT_MS = 24 * 60 * 60 * 1000

/** RFC 9110's date, which starts with the day; `Date.parse` alone would read a bare number as a year. */
const HTTP_DATE = /^[A-Z][a-z]{2,8}, .+ GMT$/

/** The delay that a `Retry-After` header requests, at most 24 h; null if it is missing or invalid. */
export function parseRetryAfterMs(value: string | undefined, now: number): number | null {
  const text = value?.trim() ?? ''
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST_WAIT_MS)
  const at = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : Math.min(Math.max(at - now, 0), LONGEST_WAIT_MS)
}
