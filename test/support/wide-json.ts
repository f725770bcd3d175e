/** A JSON list of about `bytes` bytes that repeats one entry. */
export function wideList(entry: string, bytes: number): string {
  return `[${Array(Math.floor((bytes - 2) / (entry.length + 1)))
    .fill(entry)
    .join(',')}]`
}

/** A JSON object of about `bytes` bytes whose members have distinct names. */
export function wideObject(value: string, bytes: number): string {
  const length = Math.floor((bytes - 2) / (value.length + '"e12345":,'.length))
  return `{${Array.from({ length }, (_, index) => `"e${index}":${value}`).join(',')}}`
}
