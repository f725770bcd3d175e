import { createTracker } from 'imagekit-extension-tracker'

/** The tracker of this process, started. Next may load this module more than once, but a database can be opened only once. */
export function getTracker() {
  globalThis.startedTracker ??= startTracker()
  return globalThis.startedTracker
}

async function startTracker() {
  const tracker = createTracker(process.env)
  await tracker.start()
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => tracker.stop())
  return tracker
}
