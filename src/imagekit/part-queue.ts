import type { Readable } from 'node:stream'
import type { FormPart } from './form-part.ts'

/** Hands the parts from the parser's events to whoever takes them one by one. */
export class PartQueue {
  readonly #parts: FormPart[] = []
  #end: { error: unknown } | 'ended' | undefined
  #content: Readable | undefined
  #changed: () => void = () => {}
  #taken: () => void = () => {}

  push(part: FormPart): void {
    this.#parts.push(part)
    this.#changed()
  }

  /** A part whose content is still to come. `explain` makes what the parser throws into what the caller is told. */
  pushFile(part: FormPart & { content: Readable }, explain: (error: unknown) => unknown): void {
    const { content } = part
    this.#content = content
    // It may break off before anybody reads it; whoever does is told then.
    content.on('error', () => {})
    this.push({ ...part, content: explained(content, (error) => this.#failure() ?? explain(error)) })
  }

  fail(error: unknown): void {
    if (this.#end !== undefined) return
    this.#end = { error }
    this.#content?.destroy(error instanceof Error ? error : new Error(String(error)))
    this.#changed()
    this.#taken()
  }

  end(): void {
    this.#end ??= 'ended'
    this.#changed()
    this.#taken()
  }

  /** Resolves once no part waits to be taken. */
  async allTaken(): Promise<void> {
    while (this.#parts.length > 0 && this.#end === undefined)
      await new Promise<void>((resolve) => {
        this.#taken = resolve
      })
  }

  async *taken(): AsyncGenerator<FormPart, void> {
    for (;;) {
      const failure = this.#failure()
      if (failure !== undefined) throw failure
      const part = this.#parts.shift()
      if (part !== undefined) {
        if (this.#parts.length === 0) this.#taken()
        yield part
      } else if (this.#end === 'ended') return
      else
        await new Promise<void>((resolve) => {
          this.#changed = resolve
        })
    }
  }

  #failure(): unknown {
    return typeof this.#end === 'object' ? this.#end.error : undefined
  }
}

async function* explained(
  content: AsyncIterable<Buffer>,
  explain: (error: unknown) => unknown,
): AsyncGenerator<Buffer, void> {
  try {
    yield* content
  } catch (error) {
    throw explain(error)
  }
}
