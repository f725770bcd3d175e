/** A selector of an expression, such as `name{label="value"}`, with the labels that it matches. */
export type Selector = { metric: string; labels: string[] }

const STRING = /"(?:[^"\\]|\\.)*"/g
const KEYWORDS = /^(absent|and|count|histogram_quantile|increase|max|min|or|rate|sum|vector)$/

/**
 * Reads the selectors of a PromQL expression, and the labels by which it groups. It knows only the syntax that our files use, and
 * throws on any other function.
 */
export function readExpression(expression: string): { selectors: Selector[]; groupedBy: string[] } {
  const selectors: Selector[] = []
  const groupedBy: string[] = []
  // Without strings and ranges, every word is a name.
  const text = expression.replace(STRING, '""').replace(/\[[^\]]*\]/g, '')
  const token = /\b(?:by|without)\s*\(([^)]*)\)|([a-zA-Z_:][\w:]*)(\s*\(|\{([^}]*)\})?/g
  for (const [, grouping, name = '', after = '', matchers] of text.matchAll(token)) {
    if (grouping !== undefined) groupedBy.push(...words(grouping))
    else if (KEYWORDS.test(name)) continue
    else if (after.endsWith('(')) throw new Error(`unknown function: ${name}`)
    else selectors.push({ metric: name, labels: words(matchers ?? '') })
  }
  return { selectors, groupedBy }
}

function words(list: string): string[] {
  return list.match(/\w+/g) ?? []
}
