import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Access } from '../tracking/access.ts'
import { admitReader, type Subject } from '../tracking/admit-reader.ts'
import type { Capability } from '../tracking/capability-tokens.ts'
import type { StatusBoard } from '../tracking/status-board.ts'
import type { StatusSnapshot } from '../tracking/status-snapshot.ts'
import type { StartTimer } from '../tracking/status-timer.ts'
import { waitForStatus } from '../tracking/status-wait.ts'
import type { WaitingLimit } from '../tracking/waiting-limit.ts'
import { whenOver } from './closed-signal.ts'
import type { PlainAnswer } from './plain-answer.ts'
import { presentedCredential } from './presented-credential.ts'
import { requestQuery } from './request-query.ts'
import { answerStatus } from './status-answers.ts'
import { ifNoneMatch } from './status-conditions.ts'
import { parseWaitMs } from './status-query.ts'

export type StatusDeps = {
  board: StatusBoard
  access: Pick<Access, 'identify'>
  statusTokens: Pick<Capability, 'verify'>
  startTimer: StartTimer
  waitingLimit: WaitingLimit
  /** What `board` has the status of. */
  subject: Subject
}

/** A request and its answer, as Node has them. */
export type Exchange = { incoming: IncomingMessage; outgoing: ServerResponse }

/** The status of one asset or submission, at once where it is kept. Throws and rejects with what the caller is told. */
export type AskStatus = (id: string, exchange: Exchange) => PlainAnswer | Promise<PlainAnswer>

export function createAskStatus(deps: StatusDeps): AskStatus {
  const { board, access, statusTokens, startTimer, waitingLimit, subject } = deps
  return (id, { incoming, outgoing }) => {
    const query = requestQuery(incoming)
    const credential = presentedCredential(incoming, query)
    admitReader({ access, tokens: statusTokens }, id, credential, subject)
    const isKnown = ifNoneMatch(incoming)
    const answer = (snapshot: StatusSnapshot | undefined) => answerStatus(snapshot, isKnown, subject)
    const ms = parseWaitMs(query)
    if (ms > 0) {
      const onEnd = whenOver(outgoing)
      waitingLimit.enter({ credential, connection: incoming.socket, onEnd })
      const waiting = waitForStatus({ board, startTimer }, id, { ms, isKnown: isKnown ?? (() => true) })
      onEnd(() => waiting.leave())
      // Forgetting an asset notifies nobody who waits for one of its submissions: what is reported is read again.
      const latest = subject === 'asset' ? waiting.answer : waiting.answer.then(() => board.find(id))
      return latest.then(answer)
    }
    const kept = board.peek(id)
    return kept === undefined ? board.find(id).then(answer) : answer(kept)
  }
}
