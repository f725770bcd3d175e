import { parseTime } from '../../domain/quantities.ts'

/** A time in UTC, in the format that every page shows and every filter accepts. */
export function Time({ at }: { at: string }) {
  return (
    <time datetime={at} title={timeText(at, WITH_MILLISECONDS)}>
      {timeText(at)}
    </time>
  )
}

/** The lengths of an RFC 3339 time without its zone, with seconds and with milliseconds. */
const WITH_SECONDS = 19
export const WITH_MILLISECONDS = 23

/** RFC 3339 in UTC → `2026-11-24 18:00:00 UTC`, or with milliseconds if they are given and `length` is `WITH_MILLISECONDS`. */
export function timeText(at: string, length = WITH_SECONDS): string {
  return `${at.slice(0, length).replace('T', ' ').replace('Z', '')} UTC`
}

/**
 * Converts a time to RFC 3339 in UTC from any format that `parseTime` accepts, such as that of the pages. Returns other text as
 * is; unless it is empty, it is rejected later.
 */
export function isoTime(text: string): string {
  const at = parseTime(text.trim())
  return at === undefined ? text : new Date(at).toISOString().replace('.000Z', 'Z')
}
