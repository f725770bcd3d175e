/** Work that uses a database. It yields the promises that it waits for; with a synchronous database it never waits. */
export type Work<T> = Generator<Promise<void>, T, void>

/** The result of a database call: returned directly if the database is synchronous. */
export type Awaitable<T> = T | Promise<T>

/** Methods of the port as a database implements them: each returns its work instead of a promise. */
export type WorkOf<Port extends { [name: string]: (...args: never[]) => Promise<unknown> }> = {
  [Name in keyof Port]: (...args: Parameters<Port[Name]>) => Work<Awaited<ReturnType<Port[Name]>>>
}

/** Waits for the result of a database call, inside work. */
export function* waitFor<T>(value: Awaitable<T>): Work<T> {
  if (!(value instanceof Promise)) return value
  // A list, because the result itself may be undefined.
  const results: T[] = []
  yield value.then((result) => void results.push(result))
  for (const result of results) return result
  throw new Error('the work was resumed before the promise that it yielded was fulfilled')
}

/** Runs work that only reads, outside of a transaction. */
export type RunReads<Rows> = <T>(work: (rows: Rows) => Work<T>) => Promise<T>

/** The ids of the assets and of the submissions that a transaction changes. */
export type Changed = { fileIds: Set<string>; submissionIds: Set<string> }

/** Runs work in its own transaction, which waits in the write queue like the steps. The work adds what it changes to `changed`. */
export type RunSeparately<Rows> = <T>(work: (rows: Rows, changed: Changed) => Work<T>) => Promise<T>

/** Runs the work of an asynchronous database. */
export async function runAsync<T>(work: Work<T>): Promise<T> {
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
    await value
  }
}

/** Runs the work of a synchronous database. */
export function runSync<T>(work: Work<T>): T {
  const { done, value } = work.next()
  if (done === true) return value
  throw new Error('a synchronous database made its work wait')
}
