import { type Delay, realDelay } from '../../src/sandbox/background-tasks.ts'

/** `pause` stops the background work of the sandbox until `resume` is called. */
export type PausableDelay = { delay: Delay; pause(): void; resume(): void }

const LONGER_THAN_ANY_TEST_MS = 600_000

export function createPausableDelay(): PausableDelay {
  let resumed = Promise.resolve()
  let resume = () => {}
  return {
    async delay(ms, signal) {
      await Promise.race([resumed, realDelay(LONGER_THAN_ANY_TEST_MS, signal)])
      await realDelay(ms, signal)
    },
    pause() {
      resumed = new Promise((resolve) => {
        resume = resolve
      })
    },
    resume: () => resume(),
  }
}
