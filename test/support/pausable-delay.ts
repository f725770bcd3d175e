import { type Delay, realDelay } from '../../src/sandbox/background-tasks.ts'

/** `hold` pauses the background work of the sandbox until `release` is called. */
export type PausableDelay = { delay: Delay; hold(): void; release(): void }

const LONGER_THAN_ANY_TEST_MS = 600_000

export function createPausableDelay(): PausableDelay {
  let opened = Promise.resolve()
  let open = () => {}
  return {
    async delay(ms, signal) {
      await Promise.race([opened, realDelay(LONGER_THAN_ANY_TEST_MS, signal)])
      await realDelay(ms, signal)
    },
    hold() {
      opened = new Promise((resolve) => {
        open = resolve
      })
    },
    release: () => open(),
  }
}
