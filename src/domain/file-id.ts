/**
 * Whether a text can be ImageKit's id of a file. An id is one segment of an address, ours and ImageKit's: slashes and dot
 * segments would make it another address, control characters are orders to a terminal, lone surrogates can't be encoded, and
 * `status` and `retry` are segments of routes.
 */
export function isFileId(text: string): boolean {
  return FILE_ID.test(text)
}

const FILE_ID = /^(?!(?:\.{1,2}|status|retry)$)[^/\\\p{Control}\p{Surrogate}]{1,128}$/u
