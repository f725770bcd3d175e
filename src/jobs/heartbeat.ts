import { keepAlive } from '../tracking/keep-alive.ts'
import type { StoreOutage } from '../tracking/store-outage.ts'
import { type Repeated, repeat } from './repeat.ts'

type HeartbeatDeps = Parameters<typeof keepAlive>[0] & {
  outage: Pick<StoreOutage, 'note'>
  log: { error(fields: object, text: string): void }
}

/** A third of what a lease lasts, and of the silence after which a process counts as ended. */
const EVERY_MS = 10_000
const AFTER_FAILURE_MS = 2_000

/** Keeps other processes from taking this one for dead, and does for dead ones what they can't do any more. */
export function createHeartbeat(deps: HeartbeatDeps): Repeated {
  return repeat(
    async () => {
      await keepAlive(deps)
      deps.outage.note(true)
      return EVERY_MS
    },
    {
      afterFailureMs: AFTER_FAILURE_MS,
      onError: (err) => {
        deps.outage.note(false)
        deps.log.error({ err }, 'the heartbeat could not be written')
      },
    },
  )
}
