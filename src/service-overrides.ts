import type { Logger } from 'pino'
import type { BodyLimits } from './http/body-chunks.ts'
import type { ConnectionLimits } from './http/server.ts'
import type { StoreHandle } from './store/store.ts'
import type { WaitingLimits } from './tracking/waiting-limit.ts'

/** What a test may put in the place of the real thing. */
export type Overrides = {
  /** Replaces the time of this process, and that of the database. */
  clock?: () => number
  /** Replaces the time of this process alone. */
  systemClock?: () => number
  /** What measures how long the service runs, in milliseconds: nothing sets it. */
  uptimeMs?: () => number
  store?: StoreHandle
  logger?: Logger
  /** How long ImageKit may be silent, in milliseconds. */
  imagekitTimeoutMs?: number
  /** How long the sender of an upload may send nothing, in milliseconds. */
  bodyIdleMs?: number
  uploadPace?: NonNullable<BodyLimits['pace']>
  /** How long any other body may take, in milliseconds. */
  wholeBodyMs?: number
  /** How many files and connections the process may have open. */
  descriptors?: number
  connectionLimits?: Partial<ConnectionLimits>
  waitingLimits?: Partial<WaitingLimits>
  /** How often it is looked at what is the matter, in milliseconds. */
  alertEveryMs?: number
  drainMs?: number
  /** How often a database that can't be opened is tried again, in milliseconds. */
  reopenEveryMs?: number
}
