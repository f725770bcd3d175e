/** The value of a JSON text; undefined, which is no JSON value, if the text is not JSON. */
export function parseJsonText(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}
