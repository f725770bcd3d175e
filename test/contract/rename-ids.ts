import { ID_PATTERN, numberOf } from '../../src/domain/ids.ts'

/**
 * Two stores that do the same assign different ids: their checks are random, and numbers may be skipped. Returns a function that
 * replaces each id in a value by its rank among the ids of its kind, in creation order.
 */
export function createIdRenamer(values: unknown): (value: unknown) => unknown {
  const inOrder = findIds(values).toSorted((one, two) => numberOf(one) - numberOf(two))
  const names = new Map<string, string>()
  for (const kind of ['run', 'sub', 'dlv']) {
    const ofKind = inOrder.filter((id) => id.startsWith(kind))
    for (const [index, id] of ofKind.entries()) names.set(id, `${kind}-${index + 1}`)
    // Otherwise the ranks of two rows with the same number would be ambiguous.
    if (new Set(ofKind.map(numberOf)).size < ofKind.length)
      throw new Error(`two ids of ${kind} have one number`)
  }
  const deliveries = inOrder.filter((id) => id.startsWith('dlv')).map(numberOf)
  const rename = (text: string) => text.replaceAll(ID_PATTERN, (id) => names.get(id) ?? id)
  // A page of bodies ends at the number of a delivery.
  const describePosition = (position: number) =>
    `after ${deliveries.filter((number) => number <= position).length}`
  return (value) => mapTexts(value, rename, describePosition)
}

export function findIds(values: unknown): string[] {
  const ids = new Set<string>()
  mapTexts(values, (text) => {
    for (const id of text.match(ID_PATTERN) ?? []) ids.add(id)
    return text
  })
  return [...ids]
}

function mapTexts(
  value: unknown,
  map: (text: string) => string,
  mapPosition?: (position: number) => string,
): unknown {
  const inner = (one: unknown) => mapTexts(one, map, mapPosition)
  if (typeof value === 'string') return map(value)
  if (Array.isArray(value)) return value.map(inner)
  if (value instanceof Set) return new Set([...value].map(inner))
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      mapPosition && name === 'next' && typeof one === 'number' ? mapPosition(one) : inner(one),
    ]),
  )
}
