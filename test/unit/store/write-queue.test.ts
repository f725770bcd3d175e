import fc from 'fast-check'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Commit } from '../../../src/domain/commit.ts'
import { TrackerError } from '../../../src/domain/errors.ts'
import type { BatchChanges } from '../../../src/store/working-set.ts'
import { createWriteQueue, type WriteQueueOptions } from '../../../src/store/write-queue.ts'
import { createMemoryDatabase, createRun, incrementAttempt, insertRun, listRuns } from './memory-database.ts'
import { aNotificationRow, aRunRow } from './rows.ts'

const UNAVAILABLE = expect.objectContaining({ code: 'store_unavailable' })

function open(options: Partial<WriteQueueOptions> = {}) {
  const database = createMemoryDatabase()
  const commits: Commit[] = []
  const watchers: ((commit: Commit) => void)[] = []
  const queue = createWriteQueue(database, {
    maxQueued: 10_000,
    ...options,
    onCommit(commit) {
      commits.push(commit)
      for (const watch of watchers) watch(commit)
    },
  })
  return { database, queue, commits, watchers }
}

/** The result of each step, or the code or message of its error. */
async function outcomesOf(steps: readonly Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(steps)
  return settled.map((one) => {
    if (one.status === 'fulfilled') return one.value
    return one.reason instanceof TrackerError ? one.reason.code : (one.reason as Error).message
  })
}

/** A `beforeCommit` that rejects each batch that inserts or updates this run. */
function rejectRun(runId: string, error: Error) {
  return ({ rows }: BatchChanges) => {
    if (rows.runs.some(({ after }) => after?.runId === runId)) throw error
  }
}

/** The changes of separate work that changes no asset and no submission. */
const NO_CHANGES = { fileIds: new Set<string>(), submissionIds: new Set<string>() }

describe('a batch', () => {
  test('contains the steps that were queued together, and decides them in order', async () => {
    const { database, queue } = open()
    const results = [
      queue.run(insertRun('run-1')),
      queue.run(incrementAttempt('run-1')),
      queue.run(incrementAttempt('run-1')),
    ]
    expect(await Promise.all(results)).toEqual(['run-1', 2, 3])
    expect(database.commits).toHaveLength(1)
    expect(database.runs.get('run-1')?.attempt).toBe(3)
  })

  test('begins only after the previous one has ended, if only one transaction may run at a time', async () => {
    const { database, queue, commits } = open()
    let release = () => {}
    database.ready = new Promise((resolve) => {
      release = resolve
    })
    const first = queue.run(insertRun('run-1'))
    await new Promise((resolve) => setImmediate(resolve))
    const second = queue.run(incrementAttempt('run-1'))
    release()
    expect(await Promise.all([first, second])).toEqual(['run-1', 2])
    expect(commits.map(({ steps, waiting }) => [steps, waiting])).toEqual([
      [1, 1],
      [1, 0],
    ])
  })

  describe('that is queued while a transaction runs', () => {
    /** A queue that can run two transactions at once. The first one does not end before `release`. */
    async function openBusy() {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      onTestFinished(() => void vi.useRealTimers())
      const { database, queue, commits } = open({ maxTransactions: 2 })
      let release = () => {}
      database.ready = new Promise((resolve) => {
        release = resolve
      })
      const first = queue.run(insertRun('first'))
      await new Promise((resolve) => setImmediate(resolve))
      database.ready = Promise.resolve()
      const stepCounts = () => commits.map(({ steps }) => steps)
      return { queue, first, release, stepCounts }
    }

    test('waits for the end of the transaction if the batch is small', async () => {
      const { queue, first, release, stepCounts } = await openBusy()
      const second = queue.run(insertRun('second'))
      await new Promise((resolve) => setImmediate(resolve))
      const third = queue.run(insertRun('third'))
      release()
      await Promise.all([first, second, third])
      expect(stepCounts()).toEqual([1, 2])
    })

    test('begins before the end of the transaction if the batch has waited for 10 ms', async () => {
      const { queue, first, release, stepCounts } = await openBusy()
      const second = queue.run(insertRun('second'))
      await vi.advanceTimersByTimeAsync(10)
      await second
      expect(stepCounts()).toEqual([1])
      release()
      await first
    })

    test('begins at once if the batch is large', async () => {
      const { queue, first, release, stepCounts } = await openBusy()
      await Promise.all(Array.from({ length: 64 }, (_, index) => queue.run(insertRun(`run-${index}`))))
      expect(stepCounts()).toEqual([64])
      release()
      await first
    })
  })

  test('has at most a thousand steps by default', async () => {
    const { queue, commits } = open()
    await Promise.all(Array.from({ length: 2_001 }, (_, index) => queue.run(insertRun(`run-${index}`))))
    expect(commits.map(({ steps }) => steps)).toEqual([1_000, 1_000, 1])
  })

  test('defers a step with a stale lookup, and all later steps, to the next batch', async () => {
    const { queue, commits } = open()
    const results = [
      queue.run(insertRun('run-1')),
      queue.run(listRuns()),
      queue.run(incrementAttempt('run-1')),
      queue.run(insertRun('run-2')),
      queue.run(listRuns()),
    ]
    expect(await Promise.all(results)).toEqual(['run-1', ['run-1'], 2, 'run-2', ['run-1', 'run-2']])
    expect(commits.map(({ steps, waiting }) => [steps, waiting])).toEqual([
      [1, 4],
      [3, 1],
      [1, 0],
    ])
  })

  test('of any size has the same results as one step at a time', async () => {
    const runId = fc.constantFrom('run-1', 'run-2', 'run-3')
    const step = fc.oneof(
      runId.map((id) => insertRun(id)),
      runId.map(incrementAttempt),
      fc.constant(listRuns()),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step)), async (chunks) => {
        const [together, alone] = [open(), open()]
        const batched: unknown[] = []
        const single: unknown[] = []
        for (const chunk of chunks) {
          batched.push(...(await outcomesOf(chunk.map((one) => together.queue.run<unknown>(one)))))
          for (const one of chunk) single.push(...(await outcomesOf([alone.queue.run<unknown>(one)])))
        }
        expect(batched).toEqual(single)
        expect(together.database.runs).toEqual(alone.database.runs)
      }),
    )
  })
})

describe('a step that fails', () => {
  test('in its decision does not fail the others', async () => {
    const { queue, commits } = open()
    const results = [
      queue.run(insertRun('run-1')),
      queue.run(incrementAttempt('run-2')),
      queue.run(incrementAttempt('run-1')),
    ]
    expect(await outcomesOf(results)).toEqual(['run-1', 'there is no run-2', 2])
    expect(commits).toMatchObject([{ steps: 3, isAcknowledged: true }])
  })

  test('when it is written does not fail the others, which are then written one by one, in order', async () => {
    const { database, queue, commits } = open()
    database.beforeCommit = rejectRun('bad', new Error('UNIQUE'))
    const results = ['run-1', 'bad', 'run-2'].map((runId) => queue.run(insertRun(runId)))
    expect(await outcomesOf([...results, queue.run(incrementAttempt('run-1'))])).toEqual([
      'run-1',
      'UNIQUE',
      'run-2',
      2,
    ])
    expect([...database.runs.keys()]).toEqual(['run-1', 'run-2'])
    expect(commits.map(({ steps }) => steps)).toEqual([1, 1, 1])
  })
})

test('A step that is decided again, after the transaction failed, gets a new id', async () => {
  const { database, queue } = open()
  database.beforeCommit = rejectRun('bad', new Error('no'))
  const results = [queue.run(createRun()), queue.run(insertRun('bad')), queue.run(createRun())]
  expect(await outcomesOf(results)).toEqual(['run-3', 'no', 'run-4'])
  expect([...database.runs.keys()]).toEqual(['run-3', 'run-4'])
})

describe('a database that rejects a transaction as unavailable', () => {
  const rejection = new TrackerError('store_unavailable', 'The disk is full.')

  test('fails all steps of the batch, and nothing is written', async () => {
    const { database, queue, commits } = open()
    let attempts = 0
    database.beforeCommit = () => {
      attempts += 1
      throw rejection
    }
    const results = ['run-1', 'run-2'].map((runId) => queue.run(insertRun(runId)))
    expect(await outcomesOf(results)).toEqual(['store_unavailable', 'store_unavailable'])
    expect([attempts, database.runs.size, commits]).toEqual([1, 0, []])
  })

  test('does not fail later steps once it works again', async () => {
    const { database, queue } = open()
    database.beforeCommit = rejectRun('run-1', rejection)
    await expect(queue.run(insertRun('run-1'))).rejects.toBe(rejection)
    expect(await queue.run(insertRun('run-2'))).toBe('run-2')
  })
})

test('A fault that is found after the commit rejects all steps, and the commit is reported as not acknowledged', async () => {
  const { database, queue, commits } = open()
  const fault = new TrackerError('store_unavailable', 'The file was replaced.')
  database.fault = fault
  const settled = await Promise.allSettled([
    queue.run(insertRun('run-1')),
    queue.run(incrementAttempt('run-2')),
  ])
  expect(settled).toEqual([
    { status: 'rejected', reason: fault },
    { status: 'rejected', reason: fault },
  ])
  expect(database.runs.size).toBe(1)
  expect(commits).toMatchObject([{ steps: 2, isAcknowledged: false }])
})

describe('a database that is known to be unavailable', () => {
  test('rejects further steps and separate work at once, but not a step whose transaction already runs', async () => {
    const { database, queue } = open()
    let release = () => {}
    database.ready = new Promise((resolve) => {
      release = resolve
    })
    const first = queue.run(insertRun('run-1'))
    await new Promise((resolve) => setImmediate(resolve))
    database.rejection = () => new TrackerError('store_unavailable', 'The test rejects.')
    const late = [
      queue.run(incrementAttempt('run-1')),
      queue.runSeparately(async () => ({ result: 1 }), NO_CHANGES),
    ]
    expect(await outcomesOf(late)).toEqual(['store_unavailable', 'store_unavailable'])
    release()
    expect(await first).toBe('run-1')
    database.rejection = () => undefined
    expect(await queue.run(incrementAttempt('run-1'))).toBe(2)
  })
})

describe('a full queue', () => {
  test('rejects further steps as overloaded, and accepts steps again after the queued ones are committed', async () => {
    const { queue } = open({ maxQueued: 2 })
    const results = ['run-1', 'run-2', 'run-3'].map((runId) => queue.run(insertRun(runId)))
    expect(await outcomesOf(results)).toEqual(['run-1', 'run-2', 'overloaded'])
    expect(await queue.run(insertRun('run-3'))).toBe('run-3')
  })

  test('rejects steps whose bytes do not fit, and accepts those that do', async () => {
    const { queue } = open({ maxQueued: 100, maxQueuedBytes: 10 })
    const bytes = [6, 5, 4, 1, 0]
    const results = bytes.map((size, index) => queue.run(insertRun(`run-${index}`, { bytes: size })))
    expect(await outcomesOf(results)).toEqual(['run-0', 'overloaded', 'run-2', 'overloaded', 'run-4'])
    expect(await queue.run(insertRun('run-1', { bytes: 10 }))).toBe('run-1')
  })

  test('accepts steps without bytes even while the queued bytes exceed the limit', async () => {
    const { database, queue, watchers } = open({ maxQueued: 100, maxQueuedBytes: 10 })
    const results: Promise<unknown>[] = [queue.run(insertRun('run-1')), queue.run(listRuns(6))]
    let release = () => {}
    database.ready = new Promise((resolve) => {
      release = resolve
    })
    await new Promise((resolve) => setImmediate(resolve))
    results.push(queue.run(insertRun('run-2', { bytes: 10 })))
    const late: Promise<unknown[]>[] = []
    // Once `listRuns` is deferred, the queued steps have 16 bytes.
    watchers.push(({ waiting }) => {
      if (waiting === 2) late.push(outcomesOf([queue.run(incrementAttempt('run-1'))]))
    })
    release()
    expect(await Promise.all(results)).toEqual(['run-1', ['run-1'], 'run-2'])
    expect(await Promise.all(late)).toEqual([[2]])
  })

  test('still counts the bytes of a step deferred to the next batch', async () => {
    const { queue, watchers } = open({ maxQueued: 100, maxQueuedBytes: 10 })
    const late: Promise<unknown[]>[] = []
    watchers.push(({ waiting }) => {
      if (waiting > 0) late.push(outcomesOf([queue.run(insertRun('late', { bytes: 6 }))]))
    })
    const results = [queue.run(insertRun('run-1')), queue.run(listRuns(6))]
    expect(await Promise.all(results)).toEqual(['run-1', ['run-1']])
    expect(await Promise.all(late)).toEqual([['overloaded']])
    expect(await queue.run(insertRun('run-2', { bytes: 10 }))).toBe('run-2')
  })
})

describe('separate work, if only one transaction may run at a time', () => {
  test('runs in order: after the steps before it, and before those after it', async () => {
    const { database, queue } = open()
    const runIds: unknown[] = []
    const listRunIds = async () => {
      runIds.push([...database.runs.keys()])
      await Promise.resolve()
      return { result: database.commits.length }
    }
    const results = [
      queue.run(insertRun('run-1')),
      queue.runSeparately(listRunIds, NO_CHANGES),
      queue.run(insertRun('run-2')),
      queue.runSeparately(listRunIds, NO_CHANGES),
    ]
    expect(await Promise.all(results)).toEqual(['run-1', 1, 'run-2', 2])
    expect(runIds).toEqual([['run-1'], ['run-1', 'run-2']])
  })

  test('never runs during a batch or other separate work', async () => {
    const { queue } = open()
    let running = 0
    const work = async () => {
      running += 1
      for (let tick = 0; tick < 3; tick += 1) await new Promise((resolve) => setImmediate(resolve))
      expect(running).toBe(1)
      running -= 1
      return { result: undefined }
    }
    const step = { ...insertRun('run-1'), decide: () => ({ result: running, changes: {} }) }
    const results = [
      queue.runSeparately(work, NO_CHANGES),
      queue.runSeparately(work, NO_CHANGES),
      queue.run(step),
    ]
    expect(await Promise.all(results)).toEqual([undefined, undefined, 0])
  })

  test('that fails does not fail the step after it', async () => {
    const { queue } = open()
    const failing = queue.runSeparately(() => Promise.reject(new Error('no')), NO_CHANGES)
    expect(await outcomesOf([failing, queue.run(insertRun('run-1'))])).toEqual(['no', 'run-1'])
  })

  test('that fails reports no commit', async () => {
    const { queue, commits } = open()
    const failing = queue.runSeparately(() => Promise.reject(new Error('no')), NO_CHANGES)
    expect(await outcomesOf([failing])).toEqual(['no'])
    expect(commits).toEqual([])
  })

  test('is rejected if the database file was lost, and its commit is reported as not acknowledged', async () => {
    const { queue, commits } = open()
    const lost = async () => ({ result: null, fault: new TrackerError('store_unavailable', 'lost') })
    const changed = { fileIds: new Set(['file-1']), submissionIds: new Set(['sub-1']) }
    await expect(queue.runSeparately(lost, changed)).rejects.toMatchObject({ message: 'lost' })
    expect(commits).toMatchObject([{ isAcknowledged: false, ...changed }])
  })

  test('is rejected as overloaded if the queue is full', async () => {
    const { queue } = open({ maxQueued: 1 })
    const result = queue.run(insertRun('run-1'))
    const rejected = queue.runSeparately(async () => ({ result: null }), NO_CHANGES)
    await expect(rejected).rejects.toMatchObject({ code: 'overloaded' })
    await result
  })

  test('runs after a step deferred to the next batch', async () => {
    const { database, queue } = open()
    const results = [
      queue.run(insertRun('run-1')),
      queue.run(listRuns()),
      queue.runSeparately(async () => ({ result: database.commits.length }), NO_CHANGES),
    ]
    expect(await Promise.all(results)).toEqual(['run-1', ['run-1'], 2])
  })
})

describe('closing', () => {
  test('commits the queued steps and separate work, and rejects everything later', async () => {
    const { database, queue } = open()
    const results = [
      queue.run(insertRun('run-1')),
      queue.run(listRuns()),
      queue.runSeparately(async () => ({ result: 'done' }), NO_CHANGES),
      queue.run(insertRun('run-2')),
    ]
    const closing = queue.close()
    await expect(queue.run(insertRun('late'))).rejects.toEqual(UNAVAILABLE)
    await expect(queue.runSeparately(async () => ({ result: null }), NO_CHANGES)).rejects.toEqual(UNAVAILABLE)
    await closing
    expect([...database.runs.keys()]).toEqual(['run-1', 'run-2'])
    expect(await Promise.all(results)).toEqual(['run-1', ['run-1'], 'done', 'run-2'])
  })

  test('an empty queue may be repeated, and later steps are rejected', async () => {
    const { queue } = open()
    await queue.close()
    await queue.close()
    await expect(queue.run(insertRun('late'))).rejects.toEqual(UNAVAILABLE)
  })

  test('ends for each of its callers, and the queued step is committed', async () => {
    const { queue } = open()
    const result = queue.run(insertRun('run-1'))
    await Promise.all([queue.close(), queue.close()])
    expect(await result).toBe('run-1')
  })

  test('does not wait for more steps', async () => {
    const { queue } = open({ hasPending: () => true, maxWaitMs: 1_000_000 })
    const result = queue.run(insertRun('run-1'))
    await queue.close()
    expect(await result).toBe('run-1')
  })
})

test('A commit lists the runs that its batch settled, once each, and counts the new notifications', async () => {
  const { queue, commits } = open()
  await queue.run(insertRun('settled', { status: 'success' }))
  await Promise.all([
    queue.run(insertRun('pending')),
    queue.run(insertRun('expired', { status: 'expired' })),
    queue.run(incrementAttempt('settled')),
    queue.run({
      keys: [['runs', 'pending']],
      decide: () => ({
        result: null,
        changes: {
          update: {
            runs: [aRunRow({ runId: 'pending', status: 'failed', source: 'webhook', settledAt: 3_500 })],
          },
          insert: { notifications: [aNotificationRow()] },
        },
      }),
    }),
  ])
  expect(commits.slice(1)).toMatchObject([
    {
      steps: 4,
      // `aRunRow` is requested at 1,000 ms.
      settled: [{ extension: 'remove-bg', status: 'failed', source: 'webhook', seconds: 2.5 }],
      notificationsCreated: 1,
    },
  ])
})
