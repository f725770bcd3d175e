import { Readable } from 'node:stream'

/** A body that is being sent to ImageKit, and its progress. */
export class OutgoingBody {
  readonly stream: Readable
  /** Whether ImageKit may have received all of it. */
  isComplete = false
  /** The error that the source threw, if any. */
  failure: { error: unknown } | undefined
  readonly #source: AsyncGenerator<string | Buffer, void>
  readonly #stopping = new AbortController()

  /** `write` calls `onComplete` right before it yields the last piece. `signal` aborts when the body is no longer read. */
  constructor(write: (onComplete: () => void, signal: AbortSignal) => AsyncGenerator<string | Buffer, void>) {
    const onComplete = () => {
      this.isComplete = true
    }
    this.#source = write(onComplete, this.#stopping.signal)
    this.stream = Readable.from({ [Symbol.asyncIterator]: () => this.#iterator() })
    // The request reports the error; without a listener, the error would also end the process.
    this.stream.on('error', () => {})
  }

  /** Aborts the source, and resolves once it has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.stream.destroy()
    await this.#source.return()
  }

  /** Has no `throw`: through it, the stream would report a broken connection to the source, as if the source had failed. */
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
