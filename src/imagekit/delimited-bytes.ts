/** Bytes that arrive in chunks of any size, taken up to a delimiter. Nothing is held back but what may be the start of one. */
export class DelimitedBytes {
  readonly #chunks: AsyncIterator<Buffer>
  readonly #cutShort: () => Error
  #rest: Buffer = Buffer.alloc(0)

  /** `cutShort` makes what is thrown where the bytes end before what was asked for has come. */
  constructor(chunks: AsyncIterable<Buffer>, cutShort: () => Error) {
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.#cutShort = cutShort
  }

  /** What comes before the next `delimiter`, piece by piece; the delimiter itself is passed over. */
  async *until(delimiter: Buffer): AsyncGenerator<Buffer, void> {
    for (;;) {
      const bytes = this.#rest
      const at = bytes.indexOf(delimiter)
      const end = at === -1 ? bytes.length - startLength(bytes, delimiter) : at
      this.#rest = bytes.subarray(at === -1 ? end : at + delimiter.length)
      if (end > 0) yield bytes.subarray(0, end)
      if (at !== -1) return
      await this.#more()
    }
  }

  async take(length: number): Promise<Buffer> {
    while (this.#rest.length < length) await this.#more()
    const taken = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return taken
  }

  /** Gives bytes back that were taken too many. */
  untake(bytes: Buffer): void {
    this.#rest = Buffer.concat([bytes, this.#rest])
  }

  /** Reads to the end and forgets it. */
  async skipRest(): Promise<void> {
    this.#rest = Buffer.alloc(0)
    while ((await this.#chunks.next()).done !== true);
  }

  /** Lets go of the source. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#chunks.next()
    if (done) throw this.#cutShort()
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value])
  }
}

/** How many bytes at the end may be the start of the delimiter. */
function startLength(bytes: Buffer, delimiter: Buffer): number {
  const from = Math.max(0, bytes.length - delimiter.length + 1)
  for (let at = from; at < bytes.length; at += 1)
    if (bytes.subarray(at).equals(delimiter.subarray(0, bytes.length - at))) return bytes.length - at
  return 0
}
