import type { Logger } from 'pino'
import type { BodyLimits } from './http/body-chunks.ts'
import type { ConnectionLimits } from './http/server.ts'
import type { StoreHandle } from './store/store.ts'
import type { WaitingLimits } from './tracking/waiting-limit.ts'

/** What a test can replace. */
export type Overrides = {
  /** Replaces the time of this process, and that of the database. */
  clock?: () => number
  /** Replaces only the time of this process. */
  systemClock?: () => number
  /** A monotonic clock that measures how long the service runs, in milliseconds. */
  uptimeMs?: () => number
  store?: StoreHandle
  logger?: Logger
  /** How long ImageKit may send nothing, in milliseconds. */
  imagekitTimeoutMs?: number
  /** How long the sender of an upload may pause, in milliseconds. */
  bodyIdleMs?: number
  uploadPace?: NonNullable<BodyLimits['pace']>
  /** How long any other request body may take, in milliseconds. */
  wholeBodyMs?: number
  /** How many files and connections the process may have open. */
  descriptors?: number
  connectionLimits?: Partial<ConnectionLimits>
  waitingLimits?: Partial<WaitingLimits>
  /** How often alerts are evaluated, in milliseconds. */
  alertEveryMs?: number
  drainMs?: number
  /** How often opening the database is retried, in milliseconds. */
  reopenEveryMs?: number
}
