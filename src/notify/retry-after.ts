const LONGEST_WAIT_MS = 24 * 60 * 60 * 1000

/** RFC 9110's date with its day first; `Date.parse` alone would take a bare number for a year. */
const HTTP_DATE = /^[A-Z][a-z]{2,8}, .+ GMT$/

/** How long a `Retry-After` asks to wait, at most 24 h; null where it says nothing that can be understood. */
export function parseRetryAfterMs(value: string | undefined, now: number): number | null {
  const text = value?.trim() ?? ''
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST_WAIT_MS)
  const at = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : Math.min(Math.max(at - now, 0), LONGEST_WAIT_MS)
}
