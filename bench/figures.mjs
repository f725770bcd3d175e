/** The one in the middle; of an even number the higher of the two there. */
export function median(values) {
  return share(values, 0.5)
}

/** The value that so great a share of them does not exceed. */
export function share(values, part) {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
}

/** `12,345 (11,900–12,800)`: the median, and between what they lie. */
export function spread(values, format = whole) {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return `${format(median(values))} (${format(least)}–${format(most)})`
}

export function whole(value) {
  return Math.round(value).toLocaleString('en')
}

/** Milliseconds, of microseconds. */
export function milliseconds(micros) {
  return (micros / 1000).toFixed(micros < 10_000 ? 2 : 1)
}

export function mebibytes(bytes) {
  return (bytes / 1024 ** 2).toFixed(1)
}
