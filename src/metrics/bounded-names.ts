const OTHER_NAME = 'other'

const MAX_NAMES = 50
const MAX_LENGTH = 100

/** Names as a label may have them: the first fifty that are seen, and `other` for the rest. Extensions are an open set. */
export function createBoundedNames(): (name: string) => string {
  const seen = new Set<string>()
  return (name) => {
    if (seen.has(name)) return name
    if (seen.size >= MAX_NAMES || name.length > MAX_LENGTH) return OTHER_NAME
    seen.add(name)
    return name
  }
}
