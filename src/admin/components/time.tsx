/** A time in UTC, in the format that every page shows and every filter accepts. */
export function Time({ at }: { at: string }) {
  return (
    <time datetime={at} title={timeText(at, 23)}>
      {timeText(at)}
    </time>
  )
}

/** RFC 3339 in UTC → `2026-11-24 18:00:00 UTC`; with fractions of a second if `length` allows. */
export function timeText(at: string, length = 19): string {
  return `${at.slice(0, length).replace('T', ' ').replace('Z', '')} UTC`
}

/** A duration in its two largest units. */
export function durationText(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 60) return `${Number(seconds.toPrecision(3))} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days ${hours % 24} h`
}
