import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Access } from '../tracking/access.ts'
import { admitReader } from '../tracking/admit-reader.ts'
import type { Capability } from '../tracking/capability-tokens.ts'
import type { StatusBoard } from '../tracking/status-board.ts'
import type { StatusSnapshot } from '../tracking/status-snapshot.ts'
import type { StartTimer } from '../tracking/status-timer.ts'
import { waitForStatus } from '../tracking/status-wait.ts'
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
}

/** A request and its answer, as Node has them. */
export type Exchange = { incoming: IncomingMessage; outgoing: ServerResponse }

/** The status of one asset, at once where it is kept. Throws and rejects with what the caller is told. */
export type AskStatus = (fileId: string, exchange: Exchange) => PlainAnswer | Promise<PlainAnswer>

export function createAskStatus({ board, access, statusTokens, startTimer }: StatusDeps): AskStatus {
  return (fileId, { incoming, outgoing }) => {
    const query = requestQuery(incoming)
    admitReader({ access, tokens: statusTokens }, fileId, presentedCredential(incoming, query), 'asset')
    const isKnown = ifNoneMatch(incoming)
    const answer = (snapshot: StatusSnapshot | undefined) => answerStatus(snapshot, isKnown)
    const ms = parseWaitMs(query)
    if (ms > 0) {
      const waiting = waitForStatus({ board, startTimer }, fileId, { ms, isKnown: isKnown ?? (() => true) })
      outgoing.once('close', () => waiting.leave())
      return waiting.answer.then(answer)
    }
    const kept = board.peek(fileId)
    return kept === undefined ? board.find(fileId).then(answer) : answer(kept)
  }
}
