/** Resolves once all sockets that were ready in this turn of the event loop were heard: the same promise for all who ask within it. */
export type TurnEnd = () => Promise<void>

export function createTurnEnd(): TurnEnd {
  let end: Promise<void> | undefined
  return () => {
    end ??= new Promise((resolve) => {
      setImmediate(() => {
        end = undefined
        resolve()
      })
    })
    return end
  }
}
