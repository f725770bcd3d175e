/** A stream of bytes that is read from one delimiter to the next. It asks for a chunk only when the previous one is used up. */
export class DelimitedBytes {
  readonly #chunks: AsyncIterator<Buffer>
  readonly #cutShort: () => Error
  #rest: Buffer

  /** `cutShort` makes the error for a stream that ends before the next delimiter. */
  constructor(chunks: AsyncIterable<Buffer>, cutShort: () => Error, first: Buffer = Buffer.alloc(0)) {
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.#cutShort = cutShort
    this.#rest = first
  }

  /** The bytes up to the delimiter, which is consumed as well. */
  async *until(delimiter: Buffer): AsyncGenerator<Buffer, void> {
    for (;;) {
      const rest = this.#rest
      const at = rest.indexOf(delimiter)
      if (at !== -1) {
        this.#rest = rest.subarray(at + delimiter.length)
        if (at > 0) yield rest.subarray(0, at)
        return
      }
      const certain = rest.length - overlap(rest, delimiter)
      this.#rest = rest.subarray(certain)
      if (certain > 0) yield rest.subarray(0, certain)
      await this.#more()
    }
  }

  /** Whether the prefix comes next; it is consumed if so. */
  async startsWith(prefix: Buffer): Promise<boolean> {
    while (this.#rest.length < prefix.length) await this.#more()
    if (!this.#rest.subarray(0, prefix.length).equals(prefix)) return false
    this.#rest = this.#rest.subarray(prefix.length)
    return true
  }

  /** Reads to the end of the stream. */
  async drain(): Promise<void> {
    while ((await this.#chunks.next()).done !== true);
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  async #more(): Promise<void> {
    const next = await this.#chunks.next()
    if (next.done === true) throw this.#cutShort()
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value])
  }
}

/** How many bytes at the end of `bytes` may be the start of the delimiter. */
function overlap(bytes: Buffer, delimiter: Buffer): number {
  let length = Math.min(bytes.length, delimiter.length - 1)
  while (!bytes.subarray(bytes.length - length).equals(delimiter.subarray(0, length))) length -= 1
  return length
}
