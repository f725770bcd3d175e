import { describe, expect, test } from 'vitest'
import type { Changes, Key, Step } from '../../../src/domain/decide/step.ts'
import { type BatchResult, runBatch } from '../../../src/store/batch.ts'
import { aRunRow, numberedIds } from './rows.ts'

/** Runs a batch against a database with these runs. `loads`: the keys of each load. `writeCount`: the number of writes. */
function run(
  steps: readonly Step<unknown>[],
  runs = [aRunRow()],
): BatchResult & { loads: (readonly Key[])[]; writeCount: number } {
  const loads: (readonly Key[])[] = []
  let writeCount = 0
  const find = ([kind, id]: Key) =>
    runs.filter(
      ({ runId, submissionId }) =>
        (kind === 'runs' && runId === id) || (kind === 'runsOf' && submissionId === id),
    )
  const batch = runBatch(steps, numberedIds())
  for (;;) {
    const next = batch.next()
    if (next.done) return { ...next.value, loads, writeCount }
    const query = next.value
    if (query.kind === 'write') writeCount += 1
    else {
      loads.push(query.keys)
      for (const key of query.keys) if (!query.into.isLoaded(key)) query.into.load(key, find(key))
    }
  }
}

const RUN: Key = ['runs', 'run-1']
const RUNS: Key = ['runsOf', 'submission-1']

/** Adds one to the run's attempt, and returns the earlier attempt. */
const incrementAttempt: Step<number> = {
  keys: [RUN],
  decide(facts) {
    const known = facts.find('runs', 'run-1') ?? aRunRow()
    return {
      result: known.attempt,
      changes: { update: { runs: [{ ...known, attempt: known.attempt + 1 }] } },
    }
  },
}

function insertRun(runId: string): Step<string> {
  const changes: Changes = { insert: { runs: [aRunRow({ runId })] } }
  return { keys: [], decide: () => ({ result: runId, changes }) }
}

const listRuns: Step<string[]> = {
  keys: [RUNS],
  decide: (facts) => ({
    result: facts.list('runsOf', 'submission-1').map(({ runId }) => runId),
    changes: {},
  }),
}

/** A step that fails: its decision makes these changes, which must be impossible to apply; without `changes`, it throws. */
function failingStep(changes?: Changes): Step<never> {
  return {
    keys: [RUN],
    decide() {
      if (changes) return { result: undefined as never, changes }
      throw new Error('rejected')
    },
  }
}

describe('the steps of a batch', () => {
  test('are decided in order, each with the changes of the earlier ones', () => {
    expect(run([incrementAttempt, incrementAttempt, incrementAttempt]).outcomes).toEqual([
      { result: 1 },
      { result: 2 },
      { result: 3 },
    ])
  })

  test('that change the same row are merged into one change', () => {
    const { changes } = run([incrementAttempt, incrementAttempt])
    expect(changes.rows.runs).toEqual([{ before: aRunRow(), after: aRunRow({ attempt: 3 }) }])
  })

  test('are written together, in one query', () => {
    expect(run([incrementAttempt, insertRun('run-2')]).writeCount).toBe(1)
  })

  test.each([
    ['throws', failingStep()],
    ['inserts a row that exists', failingStep({ insert: { runs: [aRunRow()] }, other: { probe: true } })],
  ])('fail separately: one that %s changes nothing', (_, step) => {
    const { outcomes, changes } = run([incrementAttempt, step, incrementAttempt])
    expect(outcomes).toEqual([{ result: 1 }, { error: expect.any(Error) }, { result: 2 }])
    expect(changes.rows.runs).toEqual([{ before: aRunRow(), after: aRunRow({ attempt: 3 }) }])
    expect(changes.others).toEqual([])
  })
})

describe('a batch', () => {
  test('loads the keys of all its steps together', () => {
    expect(run([incrementAttempt, listRuns, incrementAttempt]).loads).toEqual([[RUN, RUNS, RUN]])
  })

  test('loads nothing if no step requests anything', () => {
    const { loads, outcomes } = run([insertRun('run-2')])
    expect([loads, outcomes]).toEqual([[], [{ result: 'run-2' }]])
  })

  test('loads, in another round, the keys that depend on the first rows, except those that are already loaded', () => {
    const further: Step<number> = {
      keys: [RUN],
      more: (facts) => (facts.find('runs', 'run-1') ? [RUN, RUNS] : []),
      decide: (facts) => ({ result: facts.list('runsOf', 'submission-1').length, changes: {} }),
    }
    const { loads, outcomes } = run([further, further])
    expect(loads).toEqual([
      [RUN, RUN],
      [RUNS, RUNS],
    ])
    expect(outcomes).toEqual([{ result: 1 }, { result: 1 }])
  })

  test('loads rows at most ten times, even for a step that always requests more', () => {
    let lastRun = 1
    const endless: Step<null> = {
      keys: [RUN],
      more: () => [['runs', `run-${(lastRun += 1)}`]],
      decide: () => ({ result: null, changes: {} }),
    }
    expect(run([endless]).loads).toHaveLength(10)
  })

  test('does not fail if the `more` of a step throws: only this step fails, with the error of its `decide`', () => {
    const throwing: Step<never> = {
      keys: [RUN],
      more() {
        throw new Error('from more')
      },
      decide() {
        throw new Error('from decide')
      },
    }
    expect(run([incrementAttempt, throwing, incrementAttempt]).outcomes).toEqual([
      { result: 1 },
      { error: new Error('from decide') },
      { result: 2 },
    ])
  })
})

describe('a step with a lookup', () => {
  test('is deferred to the next batch if an earlier step makes the lookup stale, as are all steps after it', () => {
    const { outcomes, changes } = run([incrementAttempt, insertRun('run-2'), listRuns, incrementAttempt])
    expect(outcomes).toEqual([{ result: 1 }, { result: 'run-2' }])
    expect(changes.rows.runs.map(({ after }) => after)).toEqual([
      aRunRow({ attempt: 2 }),
      aRunRow({ runId: 'run-2' }),
    ])
  })

  test('is decided if it comes before the step that makes its lookup stale', () => {
    expect(run([listRuns, insertRun('run-2')]).outcomes).toEqual([{ result: ['run-1'] }, { result: 'run-2' }])
  })

  test('is deferred if only a key of `more` is stale, or not loaded', () => {
    const stepWithMore = (key: Key): Step<unknown> => ({
      keys: [RUN],
      more: (facts) => (facts.find('runs', 'run-2') ? [key] : []),
      decide: () => ({ result: 'decided', changes: {} }),
    })
    // Stale, and not loaded.
    expect(run([insertRun('run-2'), stepWithMore(RUNS)]).outcomes).toHaveLength(1)
    // Stale, although it was loaded for an earlier step.
    expect(run([listRuns, insertRun('run-2'), stepWithMore(RUNS)]).outcomes).toHaveLength(2)
    // Not loaded.
    expect(run([insertRun('run-2'), stepWithMore(['bodies', 'd1'])]).outcomes).toHaveLength(1)
    // Loaded and not stale: the step is decided.
    expect(run([insertRun('run-2'), stepWithMore(RUN)]).outcomes).toHaveLength(2)
  })

  test('is decided if the earlier steps change nothing that it looks up', () => {
    const other: Step<unknown> = {
      keys: [['runsOf', 'submission-2']],
      decide: () => ({ result: 'decided', changes: {} }),
    }
    expect(run([insertRun('run-2'), other]).outcomes).toHaveLength(2)
  })

  test('is decided if it was deferred and is now the first of its batch', () => {
    const steps = [insertRun('run-2'), listRuns]
    const { outcomes } = run(steps)
    expect(run(steps.slice(outcomes.length)).outcomes).toHaveLength(1)
  })
})
