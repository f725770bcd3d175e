import type { Store } from '../store.ts'
import { createCommitQueue } from './commit-queue.ts'
import type { Connection } from './connection.ts'
import { findAsset } from './find-asset.ts'
import { claimIdempotencyKey, recoverClaims } from './idempotency-steps.ts'
import { probe } from './probe.ts'
import { recordDelivery } from './record-delivery.ts'
import { prepareStatements } from './statements.ts'
import { storeError } from './store-error.ts'
import { answerSubmission, createSubmission, loadSubmission, recoverSubmissions } from './submission-steps.ts'

/** The store over a migrated connection, which it closes. All writes go through one queue; reads see what is committed. */
export function createSqliteStore(
  connection: Connection,
  { maxQueued, newId }: { maxQueued: number; newId: () => string },
): Store {
  const statements = prepareStatements(connection)
  const { commit, drain } = createCommitQueue(connection, maxQueued)
  const writer = { statements, newId }
  return {
    createSubmission: (submission, key) => commit(() => createSubmission(writer, submission, key)),
    answerSubmission: (submissionId, answer, at, key) =>
      commit(() => answerSubmission(writer, submissionId, answer, at, key)),
    recordDelivery: (delivery) => commit(() => recordDelivery(writer, delivery)),
    findSubmission: (submissionId) =>
      read(() => {
        const stored = loadSubmission(statements, submissionId)
        return stored && { submission: stored.submission, runs: stored.runs }
      }),
    findAsset: (fileId) => read(() => findAsset(statements, fileId)),
    claimIdempotencyKey: (scope, at) => commit(() => claimIdempotencyKey(statements, scope, at)),
    releaseIdempotencyKey: (scope) =>
      commit(() => {
        statements.deleteUnanswered.run({ scope })
      }),
    recoverAbandoned: (at) =>
      commit(() => {
        const submissions = recoverSubmissions(writer, at)
        recoverClaims(statements)
        return { submissions }
      }),
    probe: () => commit(() => probe(statements)),
    async close() {
      drain()
      connection.close()
    },
  }
}

async function read<T>(query: () => T): Promise<T> {
  try {
    return query()
  } catch (error) {
    throw storeError(error)
  }
}
