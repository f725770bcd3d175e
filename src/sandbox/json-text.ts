/** The value of a JSON text, or undefined for a text that is not JSON (`undefined` is no JSON value). */
export function parseJsonText(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}
