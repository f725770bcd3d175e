import { type ProcessRetriesDeps, processNextRetry } from '../tracking/operators/process-retries.ts'
import { type Repeated, repeat } from './repeat.ts'

export type RetrierDeps = ProcessRetriesDeps & { log: { error(fields: object, text: string): void } }

/** At most five retries a second in each process: far below ImageKit's rate limit, which the callers' updates share. */
const BETWEEN_RETRIES_MS = 200
/** This process wakes the job when it has work. The interval is for retries that another process has started. */
const EVERY_MS = 10_000

/**
 * When an operator retries many runs, this job resubmits them one after another, within ImageKit's rate limit. The retry of a single
 * run does not wait for this job.
 */
export function createRetrier(deps: RetrierDeps): Repeated {
  return repeat(
    async () => {
      const { isIdle, retryAfterMs } = await processNextRetry(deps)
      return isIdle ? EVERY_MS : (retryAfterMs ?? BETWEEN_RETRIES_MS)
    },
    {
      afterFailureMs: 5_000,
      onError: (err) => deps.log.error({ event: 'retry.failed', err }, 'retries could not be processed'),
    },
  )
}
