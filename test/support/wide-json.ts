/** JSON texts as wide as a body may be: a list of so many bytes, of one entry over and over. */
export function wideList(entry: string, bytes: number): string {
  return `[${Array(Math.floor((bytes - 2) / (entry.length + 1)))
    .fill(entry)
    .join(',')}]`
}

/** An object whose members have names of their own. */
export function wideObject(value: string, bytes: number): string {
  const length = Math.floor((bytes - 2) / (value.length + '"e12345":,'.length))
  return `{${Array.from({ length }, (_, index) => `"e${index}":${value}`).join(',')}}`
}
