const OTHER_NAME = 'other'

const MAX_NAMES = 50
const MAX_LENGTH = 100

/** Bounds the values of a label: the first fifty names, and `other` for the rest. Extensions are an open set. */
export function createBoundedNames(): (name: string) => string {
  const known = new Set<string>()
  return (name) => {
    if (known.has(name)) return name
    if (known.size >= MAX_NAMES || name.length > MAX_LENGTH) return OTHER_NAME
    known.add(name)
    return name
  }
}
