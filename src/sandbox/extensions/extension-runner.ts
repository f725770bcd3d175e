import type { Logger } from 'pino'
import { ApiError } from '../api-error.ts'
import type { BackgroundTasks, Delay } from '../background-tasks.ts'
import type { DiskStorage } from '../library/disk-storage.ts'
import type { Library } from '../library/library.ts'
import { type Outcome, outcomeOf } from '../scenario.ts'
import { type ExtensionWebhook, failureWebhook, successWebhook } from '../webhooks/extension-webhook.ts'
import { createWebhookEmitter } from '../webhooks/webhook-emitter.ts'
import type { WebhookSender } from '../webhooks/webhook-sender.ts'
import { fileDetails } from '../wire/file-details.ts'
import { applyExtension } from './apply-extension.ts'
import type { ExtensionJob, ExtensionRequest } from './extension-request.ts'

// The maximum time that a response waits until its `early` webhooks have been sent.
const MAX_EARLY_WAIT_MS = 5000
// `late` webhooks are sent after ten delays (see `delayMs`), but the file changes after the first delay.
const LATE_EXTRA_DELAYS = 9

const RESPONSE_STATUS = { SUCCESS: 'success', FAILURE: 'failed' } as const

/** `extensionStatus` of a response, by extension: `pending` if it doesn't finish within the request, even if its webhook is `early`. */
type ExtensionStatus = Record<string, 'success' | 'failed' | 'pending'>

type Run = { extension: ExtensionRequest; outcome: Outcome }

export type ExtensionRunner = ReturnType<typeof createExtensionRunner>

type Dependencies = {
  library: Library
  storage: DiskStorage
  sender: WebhookSender
  tasks: BackgroundTasks
  origin: () => string
  delay: Delay
  signal: AbortSignal
  logger: Pick<Logger, 'error'>
}

export function createExtensionRunner(dependencies: Dependencies) {
  const { tasks, delay, signal } = dependencies

  const finish = ({ extension, outcome }: Run, fileId: string) =>
    runExtension(dependencies, fileId, extension, outcome.status === 'failed' ? 'failed' : 'success')

  async function runPending(job: ExtensionJob, runs: readonly Run[]): Promise<void> {
    const { webhookBehaviours, delayMs } = job.scenario
    const emitWebhook = createWebhookEmitter(dependencies, job)
    const pause = (delays: number) =>
      webhookBehaviours.has('early') ? Promise.resolve() : delay(delays * delayMs, signal)

    await pause(1)
    const extra = webhookBehaviours.has('late') ? LATE_EXTRA_DELAYS : 0
    if (webhookBehaviours.has('reorder')) {
      const webhooks = []
      for (const run of runs) webhooks.push(await finish(run, job.fileId))
      if (extra > 0) await pause(extra)
      for (const webhook of webhooks.toReversed()) await emitWebhook(webhook)
      return
    }
    await Promise.all(
      runs.map(async (run) => {
        const webhook = await finish(run, job.fileId)
        if (extra > 0) await pause(extra)
        await emitWebhook(webhook)
      }),
    )
  }

  return {
    /** Runs the extensions that finish within the request, and returns the `extensionStatus` of the response. */
    async runNow(job: ExtensionJob): Promise<ExtensionStatus> {
      const status: ExtensionStatus = {}
      for (const run of runsOf(job)) {
        const webhook = run.outcome.isImmediate ? await finish(run, job.fileId) : undefined
        status[run.extension.name] = webhook === undefined ? 'pending' : RESPONSE_STATUS[webhook.status]
      }
      return status
    },

    /**
     * Starts the extensions that finish after the response. Resolves at once, unless their webhooks are `early`: then it waits until
     * they have been sent, for at most `MAX_EARLY_WAIT_MS`.
     */
    async startPending(job: ExtensionJob): Promise<void> {
      const runs = runsOf(job).filter(({ outcome }) => !outcome.isImmediate && outcome.status !== null)
      if (runs.length === 0) return
      const done = tasks.watch(runPending(job, runs))
      if (!job.scenario.webhookBehaviours.has('early')) return
      const stopWaiting = new AbortController()
      const timeout = delay(MAX_EARLY_WAIT_MS, AbortSignal.any([signal, stopWaiting.signal])).catch(
        () => undefined,
      )
      await Promise.race([done, timeout])
      stopWaiting.abort()
    },
  }
}

function runsOf({ extensions, scenario }: ExtensionJob): Run[] {
  return extensions.map((extension) => ({ extension, outcome: outcomeOf(scenario, extension) }))
}

/** Runs one extension: applies it to the file unless it must fail, and returns the webhook that reports the result. */
async function runExtension(
  { library, storage, origin, logger }: Pick<Dependencies, 'library' | 'storage' | 'origin' | 'logger'>,
  fileId: string,
  { name, extension }: ExtensionRequest,
  status: 'success' | 'failed',
): Promise<ExtensionWebhook> {
  if (status === 'failed') return failureWebhook(name, fileId)
  try {
    const file = await applyExtension({ library, storage }, fileId, extension)
    return successWebhook(name, fileDetails(origin(), file))
  } catch (error) {
    if (error instanceof ApiError)
      return failureWebhook(name, fileId, { message: error.message, reason: 'not_applied' })
    logger.error({ event: 'extension.failed', err: error, extension: name, fileId }, 'extension failed')
    return failureWebhook(name, fileId)
  }
}
