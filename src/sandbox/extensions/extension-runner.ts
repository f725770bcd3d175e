import type { BackgroundTasks } from '../background-tasks.ts'
import type { Delay } from '../delay.ts'
import type { DiskStorage } from '../library/disk-storage.ts'
import type { Library } from '../library/library.ts'
import type { SandboxLogger } from '../sandbox-logger.ts'
import { type Course, courseOf } from '../scenario.ts'
import type { WebhookSender } from '../webhooks/webhook-sender.ts'
import { createAnnouncer } from './announcer.ts'
import { concludeRun } from './conclude-run.ts'
import type { ExtensionOrder, ExtensionStatus } from './extension-order.ts'
import type { ExtensionRequest } from './extension-request.ts'

// How long an upload's answer waits for its early webhooks to be answered.
const EARLY_WAIT_MS = 5000
// `late` is after ten delays, one of which has passed when the effect is there.
const LATE_EXTRA_DELAYS = 9

const WORDS = { SUCCESS: 'success', FAILURE: 'failed' } as const

type Run = { extension: ExtensionRequest; course: Course }

export type ExtensionRunner = ReturnType<typeof createExtensionRunner>

type Dependencies = {
  library: Library
  storage: DiskStorage
  sender: WebhookSender
  tasks: BackgroundTasks
  origin: () => string
  delay: Delay
  signal: AbortSignal
  logger: SandboxLogger
}

export function createExtensionRunner(dependencies: Dependencies) {
  const { tasks, delay, signal } = dependencies

  const conclude = ({ extension, course }: Run, fileId: string) =>
    concludeRun(dependencies, fileId, extension, course.word === 'failed' ? 'failed' : 'success')

  async function runPending(order: ExtensionOrder, runs: readonly Run[]): Promise<void> {
    const { quirks, delayMs } = order.scenario
    const announce = createAnnouncer(dependencies, order)
    const pause = (delays: number) =>
      quirks.has('early') ? Promise.resolve() : delay(delays * delayMs, signal)

    await pause(1)
    const extra = quirks.has('late') ? LATE_EXTRA_DELAYS : 0
    if (quirks.has('reorder')) {
      const endings = []
      for (const run of runs) endings.push(await conclude(run, order.fileId))
      if (extra > 0) await pause(extra)
      for (const ending of endings.toReversed()) await announce(ending)
      return
    }
    await Promise.all(
      runs.map(async (run) => {
        const ending = await conclude(run, order.fileId)
        if (extra > 0) await pause(extra)
        await announce(ending)
      }),
    )
  }

  return {
    /** Runs what ends within the request, and answers the status of every extension for the response. */
    async runNow(order: ExtensionOrder): Promise<ExtensionStatus> {
      const status: ExtensionStatus = {}
      for (const run of runsOf(order)) {
        const ending = run.course.now ? await conclude(run, order.fileId) : undefined
        status[run.extension.name] = ending === undefined ? 'pending' : WORDS[ending.status]
      }
      return status
    },

    /** Starts what ends after the response; waits only for webhooks that were asked to come `early`. */
    async startPending(order: ExtensionOrder): Promise<void> {
      const runs = runsOf(order).filter(({ course }) => !course.now && course.word !== null)
      if (runs.length === 0) return
      const done = tasks.watch(runPending(order, runs))
      if (!order.scenario.quirks.has('early')) return
      const waited = new AbortController()
      const bound = delay(EARLY_WAIT_MS, AbortSignal.any([signal, waited.signal])).catch(() => undefined)
      await Promise.race([done, bound])
      waited.abort()
    },
  }
}

function runsOf({ extensions, scenario }: ExtensionOrder): Run[] {
  return extensions.map((extension) => ({ extension, course: courseOf(scenario, extension) }))
}
