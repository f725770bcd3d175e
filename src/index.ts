import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TrackerConfig } from './config/tracker-options.ts'
import { parseTrackerConfig } from './config.ts'
import type { ServiceLogger } from './log.ts'
import { createService } from './service.ts'

export { InvalidSignatureError } from './client/errors.ts'
export type { TrackerConfig } from './config/tracker-options.ts'
export { ConfigError } from './config.ts'
export { DatabaseStartError } from './domain/errors.ts'
export {
  type AccountWebhook,
  type ExtensionWebhook,
  InvalidWebhookError,
  parseExtensionWebhook,
  verifyAccountWebhook,
} from './webhook-receiver.ts'

/** A tracker that runs inside another program, which receives its requests. */
export type Tracker = {
  /**
   * Handles a request of Node's HTTP server, and of frameworks that use it. The body must not have been read. Before `start`
   * resolves and after `stop`, the response is a 503.
   */
  handler: (request: IncomingMessage, response: ServerResponse) => void
  /**
   * Handles a request of the Fetch API. A caller whose `remoteAddress` is unknown does not count as local, and shares the limit of
   * failed sign-ins with all callers whose address is unknown.
   */
  fetch: (request: Request, options?: { remoteAddress?: string | undefined }) => Promise<Response>
  /**
   * Opens the database and starts the jobs. Listens on no port. Rejects if the database can't be used; but if a PostgreSQL server is
   * unreachable, it resolves, requests that need the database get a 503, and connecting is retried. Also rejects if traces are on, but
   * OpenTelemetry's packages are not installed. Further calls return the same promise.
   */
  start: () => Promise<void>
  /**
   * Lets requests in progress finish for at most 10 seconds, then closes the database. A start in progress ends first. The tracker can't be
   * started again. Further calls return the same promise.
   */
  stop: () => Promise<void>
}

/**
 * Creates a tracker. It reads neither `process.env` nor `.env`; to use the environment, pass `process.env`. `logger`: one of pino
 * or with the same methods, such as Fastify's `app.log`; by default, JSON lines are written to standard output.
 *
 * Throws `ConfigError` with every problem of the configuration, and `DatabaseStartError` if there can be no SQLite file at the
 * configured path.
 */
export function createTracker(
  config: TrackerConfig,
  { logger }: { logger?: ServiceLogger | undefined } = {},
): Tracker {
  const parsed = parseTrackerConfig(config, (path) => readFileSync(path, 'utf8'))
  const service = createService(parsed, logger === undefined ? {} : { logger })
  let started: Promise<void> | undefined
  let stopped: Promise<void> | undefined
  return {
    handler: service.handler,
    fetch: service.fetch,
    start: () =>
      (started ??= stopped === undefined ? service.open() : Promise.reject(new Error(WAS_STOPPED))),
    stop: () => (stopped ??= service.stop()),
  }
}

const WAS_STOPPED = 'The tracker was stopped. To start again, create another one.'
