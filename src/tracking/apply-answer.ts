import type { StoredAnswer } from '../domain/idempotency.ts'
import type { Answer } from '../domain/judge-answer.ts'
import type { Store } from '../store/store.ts'
import type { AnswerBacklog } from './answer-backlog.ts'

export type ApplyAnswerDeps = {
  store: Pick<Store, 'answerSubmission'>
  backlog: AnswerBacklog
  clock: () => number
  log: { warn(fields: object, text: string): void }
}

/** Writes down what became of a submission of ours. Resolves even while the store is down: then it waits in the backlog. */
export function applyAnswer(
  { store, backlog, clock, log }: ApplyAnswerDeps,
  facts: { submissionId: string; answer: Answer; key?: { scope: string; answer: StoredAnswer } },
): Promise<void> {
  return backlog.apply(async () => {
    const { submissionId, answer, key } = facts
    const { result } = await store.answerSubmission(submissionId, answer, clock(), key)
    if (result === 'conflict')
      log.warn({ submissionId }, 'an answer of ImageKit speaks against what is known already')
  })
}
