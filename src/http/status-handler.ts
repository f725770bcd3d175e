import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ReaderCredential, Subject } from '../tracking/status/authorize-reader.ts'
import type { StartTimer, StatusCache } from '../tracking/status/status-cache.ts'
import type { StatusSnapshot } from '../tracking/status/status-snapshot.ts'
import { waitForStatus } from '../tracking/status/status-wait.ts'
import type { WaitingLimit } from '../tracking/status/waiting-limit.ts'
import { onResponseEnd, type PlainResponse } from './response.ts'
import { ifNoneMatch, statusResponse } from './status-responses.ts'

export type StatusDeps = {
  statuses: StatusCache
  startTimer: StartTimer
  waitingLimit: WaitingLimit
  /** Whether `statuses` has the statuses of assets or of submissions. */
  subject: Subject
}

/** A request and its response, as Node's objects. */
export type HttpExchange = { incoming: IncomingMessage; outgoing: ServerResponse }

/** An authenticated request for the status of one asset or submission. `waitMs`: the longest wait for a change; 0: don't wait. */
type StatusRequest = { id: string; credential: ReaderCredential; waitMs: number }

/** Returns synchronously if the status is cached and the request does not wait. Throws or rejects with errors meant for the caller. */
export type StatusHandler = (
  request: StatusRequest,
  exchange: HttpExchange,
) => PlainResponse | Promise<PlainResponse>

export function createStatusHandler(deps: StatusDeps): StatusHandler {
  const { statuses, startTimer, waitingLimit, subject } = deps
  return ({ id, credential, waitMs }, { incoming, outgoing }) => {
    const isKnown = ifNoneMatch(incoming)
    const toResponse = (snapshot: StatusSnapshot | undefined) => statusResponse(snapshot, isKnown, subject)
    if (waitMs > 0) {
      const onEnd = onResponseEnd(outgoing)
      waitingLimit.enter({ credential, connection: incoming.socket, onEnd })
      const waiting = waitForStatus({ statuses, startTimer }, id, {
        ms: waitMs,
        // Without `If-None-Match`, the wait lasts while anything is pending, whatever the version is.
        isKnown: isKnown ?? (() => true),
      })
      onEnd(() => waiting.leave())
      // Forgetting an asset doesn't notify those who wait for one of its submissions, so the submission is read again.
      const latest = subject === 'asset' ? waiting.result : waiting.result.then(() => statuses.find(id))
      return latest.then(toResponse)
    }
    const cached = statuses.peek(id)
    return cached === undefined ? statuses.find(id).then(toResponse) : toResponse(cached)
  }
}
