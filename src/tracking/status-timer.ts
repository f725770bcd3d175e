/** Runs `task` once, `ms` milliseconds from now, unless it is cancelled by the function that is returned. */
export type StartTimer = (ms: number, task: () => void) => () => void

/** Holds no process open: a wait is over when the service stops. */
export const startSystemTimer: StartTimer = (ms, task) => {
  const timer = setTimeout(task, ms).unref()
  return () => clearTimeout(timer)
}
