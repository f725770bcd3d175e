import { type WorkOffDeps, workOffOne } from '../tracking/operators/work-off-retries.ts'
import { type Repeated, repeat } from './repeat.ts'

type RetrierDeps = WorkOffDeps & { log: { error(fields: object, text: string): void } }

/** Five a second: far below what ImageKit allows, and the uploads need their share. */
const BETWEEN_MS = 200
/** It is woken when there is work; this is for what another process has left waiting. */
const EVERY_MS = 10_000

/** Asks for the runs of retries again, one after another, as slowly as ImageKit wishes. */
export function createRetrier(deps: RetrierDeps): Repeated {
  return repeat(
    async () => {
      const { isIdle, holdMs } = await workOffOne(deps)
      return isIdle ? EVERY_MS : (holdMs ?? BETWEEN_MS)
    },
    { afterFailureMs: 5_000, onError: (err) => deps.log.error({ err }, 'asking again failed') },
  )
}
