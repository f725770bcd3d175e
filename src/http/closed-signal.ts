import type { ServerResponse } from 'node:http'
import type { AppContext } from './app-env.ts'

/** Aborts when the caller disconnects before the response is sent. */
export function closedSignal(c: AppContext): AbortSignal {
  const { outgoing } = c.env
  const controller = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort()
  })
  if (outgoing.destroyed) controller.abort()
  return controller.signal
}

/** Returns a function that runs its task once the response is sent or the caller has disconnected; at once if either is true. */
export function onResponseEnd(outgoing: ServerResponse): (task: () => void) => void {
  return (task) => {
    if (outgoing.destroyed) task()
    else outgoing.once('close', task)
  }
}
