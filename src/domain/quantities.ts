const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const SIZE_UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

/** Parses a duration such as `10m`; returns milliseconds. Undefined unless the text is an integer with a unit. */
export function parseDurationMs(text: string): number | undefined {
  return parseWithUnit(text, DURATION_UNITS)
}

/** Parses a size such as `2GiB`; returns bytes. Undefined unless the text is an integer with a unit. */
export function parseSizeBytes(text: string): number | undefined {
  return parseWithUnit(text, SIZE_UNITS)
}

/** Parses a count and a period, such as `10/15m`. Undefined for any other text. */
export function parseRate(text: string): { count: number; withinMs: number } | undefined {
  const [countText, durationText, ...rest] = text.split('/')
  const count = parseInteger(countText ?? '')
  const withinMs = parseDurationMs(durationText ?? '')
  if (count === undefined || withinMs === undefined || withinMs === 0 || rest.length > 0) return undefined
  return { count, withinMs }
}

/** Parses a non-negative integer of at most 15 digits. Undefined for any other text. */
export function parseInteger(text: string): number | undefined {
  if (!/^\d{1,15}$/.test(text)) return undefined
  return Number(text)
}

/**
 * Parses a time as our lists show it (`2026-11-24 18:00:00 UTC`), in RFC 3339 (`2026-11-24T18:00:00.000Z`), or as a date
 * (`2026-11-24`). UTC unless it has an offset. Returns milliseconds since the epoch; undefined for any other text.
 */
export function parseTime(text: string): number | undefined {
  const [, day, time = '00:00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))? ?(Z|UTC|[+-]\d\d:\d\d)?$/.exec(text) ?? []
  const at = Date.parse(`${day}T${time}${zone === 'UTC' ? 'Z' : zone}`)
  // `Date.parse` reads the 30th of February as a day in March.
  const isDay = day !== undefined && new Date(`${day}T00:00Z`).getUTCDate() === Number(day.slice(8))
  return isDay && !Number.isNaN(at) ? at : undefined
}

function parseWithUnit(text: string, units: { readonly [unit: string]: number }): number | undefined {
  const [, digits = '', unit = ''] = /^(\d+)([A-Za-z]+)$/.exec(text) ?? []
  const count = parseInteger(digits)
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined
  return count === undefined || factor === undefined ? undefined : count * factor
}

/** Makes a parser that also rejects zero. */
export function positive(parse: (text: string) => number | undefined): (text: string) => number | undefined {
  return (text) => parse(text) || undefined
}

const SHOWN_UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const

/**
 * A duration under a second in whole `ms`; one under a minute in seconds with three digits, such as `1.03 s`; a longer one in its two
 * largest units, such as `1 h 5 min`.
 */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${Number((ms / 1000).toPrecision(3))} s`
  let seconds = Math.round(ms / 1000)
  const parts: string[] = []
  for (const [unit, length] of SHOWN_UNITS) {
    const count = Math.floor(seconds / length)
    seconds %= length
    if (count > 0) parts.push(`${count} ${unit}`)
    else if (parts.length > 0) break
  }
  return parts.slice(0, 2).join(' ')
}

/** A size in its largest unit, as in `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MiB`
  return `${(bytes / 1024 ** 3).toFixed(2)} GiB`
}
