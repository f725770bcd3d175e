import type { AppContext } from './app-env.ts'

/** Aborted when the caller leaves before it has the answer. */
export function closedSignal(c: AppContext): AbortSignal {
  const { outgoing } = c.env
  const controller = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort()
  })
  if (outgoing.destroyed) controller.abort()
  return controller.signal
}
