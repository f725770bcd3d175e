import { type Delay, realDelay } from '../../src/sandbox/background-tasks.ts'

/** A delay for the sandbox's background work. A delay that is requested during a pause begins only when `resume` is called. */
export type PausableDelay = { delay: Delay; pause(): void; resume(): void }

const LONGER_THAN_ANY_TEST_MS = 600_000

export function createPausableDelay(): PausableDelay {
  let resumed = Promise.resolve()
  let resume = () => {}
  return {
    async delay(ms, signal) {
      // `resumed` doesn't react to the signal. The long delay does: it rejects when the sandbox is stopped during a pause.
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
