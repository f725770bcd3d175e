/** Reads a stream of bytes from one delimiter to the next. A chunk is requested only when the bytes before it don't suffice. */
export class DelimitedBytes {
  readonly #chunks: AsyncIterator<Buffer>
  readonly #truncated: () => Error
  #rest: Buffer

  /** `truncated` creates the error for a stream that ends while more bytes are needed. `first` is read before the stream. */
  constructor(chunks: AsyncIterable<Buffer>, truncated: () => Error, first: Buffer = Buffer.alloc(0)) {
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.#truncated = truncated
    this.#rest = first
  }

  /** Yields the bytes up to the delimiter, in pieces, and consumes the delimiter too. */
  async *until(delimiter: Buffer): AsyncGenerator<Buffer, void> {
    for (;;) {
      const rest = this.#rest
      const at = rest.indexOf(delimiter)
      if (at !== -1) {
        this.#rest = rest.subarray(at + delimiter.length)
        if (at > 0) yield rest.subarray(0, at)
        return
      }
      const safe = rest.length - overlap(rest, delimiter)
      this.#rest = rest.subarray(safe)
      if (safe > 0) yield rest.subarray(0, safe)
      await this.#readMore()
    }
  }

  /** Skips the prefix if it comes next. Returns whether it did. */
  async skipPrefix(prefix: Buffer): Promise<boolean> {
    while (this.#rest.length < prefix.length) await this.#readMore()
    if (!this.#rest.subarray(0, prefix.length).equals(prefix)) return false
    this.#rest = this.#rest.subarray(prefix.length)
    return true
  }

  /** Reads to the end of the stream, and discards what is read. */
  async drain(): Promise<void> {
    while ((await this.#chunks.next()).done !== true);
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  async #readMore(): Promise<void> {
    const next = await this.#chunks.next()
    if (next.done === true) throw this.#truncated()
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value])
  }
}

/** The number of bytes at the end of `bytes` that may be the start of the delimiter. */
function overlap(bytes: Buffer, delimiter: Buffer): number {
  let length = Math.min(bytes.length, delimiter.length - 1)
  while (!bytes.subarray(bytes.length - length).equals(delimiter.subarray(0, length))) length -= 1
  return length
}
