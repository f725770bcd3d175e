import type { ServerResponse } from 'node:http'
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

/** Calls what it is given once the response was sent or the caller has left; at once if that is so already. */
export function whenOver(outgoing: ServerResponse): (task: () => void) => void {
  return (task) => {
    if (outgoing.destroyed) task()
    else outgoing.once('close', task)
  }
}
