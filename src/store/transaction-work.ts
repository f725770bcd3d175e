/** What is done inside a transaction. It yields what it waits for; a synchronous database never makes it wait. */
export type Work<T> = Generator<Promise<void>, T, void>

/** What a database returns: at once if it is synchronous. */
export type Awaitable<T> = T | Promise<T>

/** Methods of the port as a database does them. */
export type WorkOf<Port extends { [name: string]: (...given: never[]) => Promise<unknown> }> = {
  [Name in keyof Port]: (...given: Parameters<Port[Name]>) => Work<Awaited<ReturnType<Port[Name]>>>
}

export function* waitFor<T>(value: Awaitable<T>): Work<T> {
  if (!(value instanceof Promise)) return value
  const settled: T[] = []
  yield value.then((result) => void settled.push(result))
  for (const result of settled) return result
  throw new Error('the work was resumed before the promise that it yielded was fulfilled')
}

/** Does work that only reads, outside of a transaction. */
export type RunReads<Rows> = <T>(work: (rows: Rows) => Work<T>) => Promise<T>

/** The ids of the assets and of the submissions that a transaction changes. */
export type Changed = { fileIds: Set<string>; submissionIds: Set<string> }

/** Does work in a transaction of its own, in its turn, between two batches. It adds what it changes to `changed`. */
export type RunExclusive<Rows> = <T>(work: (rows: Rows, changed: Changed) => Work<T>) => Promise<T>

/** Does the work of a database that makes it wait. */
export async function doInTurn<T>(work: Work<T>): Promise<T> {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
    await value
  }
}

/** Does the work of a synchronous database. */
export function doAtOnce<T>(work: Work<T>): T {
  const { done, value } = work.next()
  if (done === true) return value
  throw new Error('a synchronous database made its work wait')
}
