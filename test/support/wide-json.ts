/** A JSON array of about `bytes` bytes that repeats one element. */
export function wideList(element: string, bytes: number): string {
  return `[${Array(Math.floor((bytes - 2) / (element.length + 1)))
    .fill(element)
    .join(',')}]`
}

/** A JSON object of about `bytes` bytes whose members have distinct names. */
export function wideObject(value: string, bytes: number): string {
  // Most names have five digits if there are many members.
  const length = Math.floor((bytes - 2) / (value.length + '"e12345":,'.length))
  return `{${Array.from({ length }, (_, index) => `"e${index}":${value}`).join(',')}}`
}
