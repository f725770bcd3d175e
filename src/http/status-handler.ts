import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Access } from '../tracking/access.ts'
import { authorizeReader, type Subject } from '../tracking/authorize-reader.ts'
import type { Capability } from '../tracking/capability-tokens.ts'
import type { StatusCache } from '../tracking/status-cache.ts'
import type { StatusSnapshot } from '../tracking/status-snapshot.ts'
import type { StartTimer } from '../tracking/status-timer.ts'
import { waitForStatus } from '../tracking/status-wait.ts'
import type { WaitingLimit } from '../tracking/waiting-limit.ts'
import { onResponseEnd } from './closed-signal.ts'
import type { PlainResponse } from './plain-response.ts'
import { requestCredential } from './request-credential.ts'
import { requestQuery } from './request-query.ts'
import { ifNoneMatch } from './status-conditions.ts'
import { parseWaitMs } from './status-query.ts'
import { statusResponse } from './status-responses.ts'

export type StatusDeps = {
  statuses: StatusCache
  access: Pick<Access, 'identify'>
  statusTokens: Pick<Capability, 'verify'>
  startTimer: StartTimer
  waitingLimit: WaitingLimit
  /** Whether `statuses` has the statuses of assets or of submissions. */
  subject: Subject
}

/** A request and its response, as Node's objects. */
export type Exchange = { incoming: IncomingMessage; outgoing: ServerResponse }

/** The status of one asset or submission; synchronous if it is cached. Throws, or rejects with, errors meant for the caller. */
export type StatusHandler = (id: string, exchange: Exchange) => PlainResponse | Promise<PlainResponse>

export function createStatusHandler(deps: StatusDeps): StatusHandler {
  const { statuses, access, statusTokens, startTimer, waitingLimit, subject } = deps
  return (id, { incoming, outgoing }) => {
    const query = requestQuery(incoming)
    const credential = requestCredential(incoming, query)
    authorizeReader({ access, tokens: statusTokens }, id, credential, subject)
    const isKnown = ifNoneMatch(incoming)
    const toResponse = (snapshot: StatusSnapshot | undefined) => statusResponse(snapshot, isKnown, subject)
    const ms = parseWaitMs(query)
    if (ms > 0) {
      const onEnd = onResponseEnd(outgoing)
      waitingLimit.enter({ credential, connection: incoming.socket, onEnd })
      const waiting = waitForStatus({ statuses, startTimer }, id, { ms, isKnown: isKnown ?? (() => true) })
      onEnd(() => waiting.leave())
      // Forgetting an asset doesn't notify those who wait for one of its submissions, so the submission is read again.
      const latest = subject === 'asset' ? waiting.result : waiting.result.then(() => statuses.find(id))
      return latest.then(toResponse)
    }
    const cached = statuses.peek(id)
    return cached === undefined ? statuses.find(id).then(toResponse) : toResponse(cached)
  }
}
