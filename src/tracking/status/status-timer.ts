/** Runs `task` once after `ms` milliseconds. The returned function cancels it. */
export type StartTimer = (ms: number, task: () => void) => () => void

/** Doesn't keep the process running: a wait ends when the service stops. */
export const startSystemTimer: StartTimer = (ms, task) => {
  const timer = setTimeout(task, ms).unref()
  return () => clearTimeout(timer)
}
