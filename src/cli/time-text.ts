import { InvalidArgumentError } from 'commander'
import { parseDurationMs, parseTime } from '../domain/quantities.ts'

/** `2026-11-24T18:00:00.000Z` → `2026-11-24 18:00:00Z`. */
export function shortTime(at: string | null): string | null {
  return at === null ? null : at.replace('T', ' ').replace(/\.\d+Z$/, 'Z')
}

/** Parses a time as lists show it, or a duration ago: `2026-11-24 18:00:00Z`, `2026-11-24`, `24h`. Returns RFC 3339. */
export function parseTimeOption(text: string): string {
  const agoMs = parseDurationMs(text)
  const at = agoMs === undefined ? (parseTime(text) ?? Number.NaN) : Date.now() - agoMs
  if (Number.isNaN(new Date(at).getTime()))
    throw new InvalidArgumentError(
      'It should be a time such as 2026-11-24T18:00:00Z, or a duration ago such as 24h.',
    )
  return new Date(at).toISOString()
}
