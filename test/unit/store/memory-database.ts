import type { RunRow } from '../../../src/domain/decide/rows.ts'
import type { Key, Step } from '../../../src/domain/decide/step.ts'
import type { TrackerError } from '../../../src/domain/errors.ts'
import type { BatchChanges } from '../../../src/store/working-set.ts'
import type { BatchDatabase } from '../../../src/store/write-queue.ts'
import { aRunRow, numberedIds } from './rows.ts'

export type MemoryDatabase = BatchDatabase & {
  /** The committed rows; only runs are stored. */
  runs: Map<string, RunRow>
  /** The changes of each committed transaction. */
  commits: BatchChanges[]
  /** Called before a transaction commits. If it throws, nothing is committed. */
  beforeCommit: (changes: BatchChanges) => void
  /** Reported with each committed transaction, as if the database file had been lost. */
  fault: TrackerError | undefined
  /** Each transaction waits for this promise before it runs its queries. */
  ready: Promise<void>
}

/** A database in memory. It stores runs, and finds them by their ids and by their submissions. */
export function createMemoryDatabase(): MemoryDatabase {
  const find = ([kind, id]: Key) =>
    [...database.runs.values()].filter(
      (run) => (kind === 'runs' && run.runId === id) || (kind === 'runsOf' && run.submissionId === id),
    )
  const ids = numberedIds()
  const commit = (written: BatchChanges[]) => {
    for (const changes of written) {
      database.commits.push(changes)
      for (const { before, after } of changes.rows.runs)
        if (after) database.runs.set(after.runId, after)
        else if (before) database.runs.delete(before.runId)
    }
  }
  const database: MemoryDatabase = {
    runs: new Map(),
    commits: [],
    beforeCommit: () => {},
    fault: undefined,
    ready: Promise.resolve(),
    async transact(makeBatch) {
      await database.ready
      const batch = makeBatch(ids)
      const written: BatchChanges[] = []
      for (;;) {
        const next = batch.next()
        if (next.done) {
          commit(written)
          return { result: next.value, fault: database.fault }
        }
        const query = next.value
        if (query.kind === 'write') {
          for (const { before, after } of query.changes.rows.runs)
            if (before === undefined && after && database.runs.has(after.runId))
              throw new Error('the inserted row of runs already exists')
          database.beforeCommit(query.changes)
          written.push(query.changes)
        } else for (const key of query.keys) if (!query.into.isLoaded(key)) query.into.load(key, find(key))
      }
    },
  }
  return database
}

/** Inserts a run. `bytes`: the memory that the step uses. */
export function insertRun(runId: string, facts: Partial<RunRow> & { bytes?: number } = {}): Step<string> {
  const { bytes = 0, ...run } = facts
  const decision = { result: runId, changes: { insert: { runs: [aRunRow({ runId, ...run })] } } }
  return { keys: [], bytes, decide: () => decision }
}

/** Inserts a run whose id the database assigns. */
export function createRun(): Step<string> {
  return {
    keys: [],
    decide(_, ids) {
      const runId = ids.run('sub-1')
      return { result: runId, changes: { insert: { runs: [aRunRow({ runId })] } } }
    },
  }
}

/** Adds one to a run's attempt, and returns the new value; fails for an unknown run. */
export function incrementAttempt(runId: string): Step<number> {
  return {
    keys: [['runs', runId]],
    decide(facts) {
      const run = facts.find('runs', runId)
      if (run === undefined) throw new Error(`there is no ${runId}`)
      const attempt = run.attempt + 1
      return { result: attempt, changes: { update: { runs: [{ ...run, attempt }] } } }
    },
  }
}

/** Lists the runs of `submission-1`. */
export function listRuns(bytes = 0): Step<string[]> {
  return {
    keys: [['runsOf', 'submission-1']],
    bytes,
    decide(facts) {
      return { result: facts.list('runsOf', 'submission-1').map(({ runId }) => runId), changes: {} }
    },
  }
}
