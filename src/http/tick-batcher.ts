/**
 * Does work once all sockets that are ready in this turn of the event loop were heard: all of it together, in its order. So one
 * kind of work follows the other, and whoever asks on many connections, as a proxy on the same machine does, is woken once for
 * all answers. Of a status that is kept in memory, which takes 29 µs with 64 connections, it saves 5, of a delivery 8 of 95.
 */
export type TickBatcher = {
  do(work: () => void): void
  /** There is work that has come in this turn and is not done yet. */
  isAwaited(): boolean
}

export function createTickBatcher(): TickBatcher {
  let waiting: (() => void)[] = []
  const doAll = () => {
    const ready = waiting
    waiting = []
    for (const work of ready) work()
  }
  return {
    do(work) {
      if (waiting.length === 0) setImmediate(doAll)
      waiting.push(work)
    },
    isAwaited: () => waiting.length > 0,
  }
}
