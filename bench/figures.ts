/** The middle value; for an even number of values, the higher of the two middle ones. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value below which about this share of the values lies: always one of the values. Throws if there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  if (value === undefined) throw new Error('nothing was measured')
  return value
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Formats the median and the range, as in `12,345 (11,900–12,800)`. */
export function spread(values: readonly number[], format: (value: number) => string = whole): string {
  return `${format(median(values))} (${format(Math.min(...values))}–${format(Math.max(...values))})`
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** Formats microseconds as milliseconds, without the unit. */
export function milliseconds(micros: number): string {
  return (micros / 1000).toFixed(micros < 10_000 ? 2 : 1)
}

/** Formats bytes as MiB, without the unit. */
export function mebibytes(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(1)
}
