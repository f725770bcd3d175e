/**
 * What ImageKit takes for one run, in extension units; of every other extension no price is known.
 * The READMEs of ImageKit's own clients, 2024.
 */
const UNITS: { [extension: string]: number } = {
  'aws-auto-tagging': 1,
  'google-auto-tagging': 2,
  'remove-bg': 130,
}

/** What runs of these extensions cost together. `unpriced`: how many of them have no known price. */
export function unitsOf(extensions: readonly string[]): { units: number; unpriced: number } {
  const prices = extensions.map((name) => (Object.hasOwn(UNITS, name) ? (UNITS[name] ?? null) : null))
  const units = prices.reduce<number>((sum, price) => sum + (price ?? 0), 0)
  return { units, unpriced: prices.filter((price) => price === null).length }
}
