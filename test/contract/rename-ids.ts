import { ID_PATTERN, numberOf } from '../../src/domain/ids.ts'

/**
 * Two stores that perform the same steps assign different ids: the last part of an id is random, and numbers may be skipped.
 * Returns a function that makes their values comparable: it replaces each id that occurs in `values` by its kind and its rank in
 * creation order, as in `run-3`.
 */
export function createIdRenamer(values: unknown): (value: unknown) => unknown {
  const inOrder = findIds(values).toSorted((one, two) => numberOf(one) - numberOf(two))
  const names = new Map<string, string>()
  for (const kind of ['run', 'sub', 'dlv']) {
    const ofKind = inOrder.filter((id) => id.startsWith(kind))
    for (const [index, id] of ofKind.entries()) names.set(id, `${kind}-${index + 1}`)
    // The order of two ids with the same number would be undefined.
    if (new Set(ofKind.map(numberOf)).size < ofKind.length)
      throw new Error(`two ids of kind ${kind} have the same number`)
  }
  const deliveries = inOrder.filter((id) => id.startsWith('dlv')).map(numberOf)
  const rename = (text: string) => text.replaceAll(ID_PATTERN, (id) => names.get(id) ?? id)
  // The `next` of `pruneBodies` is the number of a delivery, so it differs between the stores, too.
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
