/** What is done inside a transaction. It yields what it waits for; a synchronous database never makes it wait. */
export type Work<T> = Generator<Promise<void>, T, void>

export function* waitFor<T>(value: T | Promise<T>): Work<T> {
  if (!(value instanceof Promise)) return value
  const settled: T[] = []
  yield value.then((result) => void settled.push(result))
  for (const result of settled) return result
  throw new Error('it went on before what it waits for was there')
}

/** Does the work of a synchronous database. */
export function doAtOnce<T>(work: Work<T>): T {
  const { done, value } = work.next()
  if (done === true) return value
  throw new Error('a synchronous database made its work wait')
}
