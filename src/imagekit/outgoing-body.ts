import { Readable } from 'node:stream'

/** A body on its way to ImageKit, and how far it has come. */
export class OutgoingBody {
  readonly stream: Readable
  /** The peer may have all of it. */
  isComplete = false
  /** What the source threw, if it did. */
  failure: { error: unknown } | undefined
  readonly #source: AsyncGenerator<string | Buffer, void>
  readonly #stopping = new AbortController()

  /** `write` says `onComplete` right before its last piece; `signal` aborts when nobody takes the body any more. */
  constructor(write: (onComplete: () => void, signal: AbortSignal) => AsyncGenerator<string | Buffer, void>) {
    const onComplete = () => {
      this.isComplete = true
    }
    this.#source = write(onComplete, this.#stopping.signal)
    this.stream = Readable.from({ [Symbol.asyncIterator]: () => this.#iterator() })
    this.stream.on('error', () => {})
  }

  /** Resolves once the source has ended, whatever it was doing. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.stream.destroy()
    await this.#source.return()
  }

  /** Without `throw`: what breaks the connection is no failure of the source. */
  #iterator(): AsyncIterator<string | Buffer> {
    return {
      next: async () => {
        try {
          return await this.#source.next()
        } catch (error) {
          this.failure ??= { error }
          throw error
        }
      },
      return: async () => {
        this.#stopping.abort()
        await this.#source.return()
        return { done: true, value: undefined }
      },
    }
  }
}
