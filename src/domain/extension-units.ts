/**
 * ImageKit's price of one run, in extension units. The prices of other extensions are unknown.
 * Source: the READMEs of ImageKit's own clients, 2024.
 */
const UNITS: { [extension: string]: number } = {
  'aws-auto-tagging': 1,
  'google-auto-tagging': 2,
  'remove-bg': 130,
}

/** The total price of runs of these extensions. `unpriced`: how many of them have no known price. */
export function unitsOf(extensions: readonly string[]): { units: number; unpriced: number } {
  const prices = extensions.map((name) => (Object.hasOwn(UNITS, name) ? (UNITS[name] ?? null) : null))
  const units = prices.reduce<number>((sum, price) => sum + (price ?? 0), 0)
  return { units, unpriced: prices.filter((price) => price === null).length }
}
