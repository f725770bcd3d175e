import { describe, expect, test } from 'vitest'
import type { Changes, Key } from '../../../src/domain/decide/step.ts'
import { createWorkingSet, type WorkingSet } from '../../../src/store/working-set.ts'
import { BASELINE } from '../../contract/builders.ts'
import { aDeliveryRow, aNotificationRow, aRunRow, aSubmissionRow } from './rows.ts'

/** A working set with a submission `submission-1` of the request `request-1`, bound to `file-1`, and its run `run-1`. */
function loaded(): WorkingSet {
  const set = createWorkingSet()
  const submission = aSubmissionRow({ fileId: 'file-1', requestId: 'request-1', state: 'accepted' })
  set.load(['submissions', 'submission-1'], [submission])
  set.load(['runsOf', 'submission-1'], [aRunRow()])
  return set
}

describe('a row', () => {
  test('is found by its key, with the changes of all steps so far', () => {
    const set = loaded()
    set.apply({ update: { runs: [aRunRow({ status: 'failed' })] } })
    set.apply({ insert: { notifications: [aNotificationRow()] } })
    expect(set.facts.find('runs', 'run-1')?.status).toBe('failed')
    expect(set.facts.find('notifications', 'msg_run-1')).toEqual(aNotificationRow())
    set.apply({ remove: { runs: ['run-1'] } })
    expect(set.facts.find('runs', 'run-1')).toBeUndefined()
  })

  test('that is loaded again keeps the changes of the steps', () => {
    const set = loaded()
    set.load(['runs', 'run-2'], [aRunRow({ runId: 'run-2' })])
    set.apply({ update: { runs: [aRunRow({ status: 'failed' })] }, remove: { runs: ['run-2'] } })
    set.load(['runs', 'run-1'], [aRunRow()])
    set.load(['currentOf', 'file-1'], [aRunRow(), aRunRow({ runId: 'run-2' })])
    expect(set.facts.list('currentOf', 'file-1')).toEqual([aRunRow({ status: 'failed' })])
    expect(set.facts.find('runs', 'run-1')?.status).toBe('failed')
    expect(set.facts.find('runs', 'run-2')).toBeUndefined()
  })

  test('that was inserted is found, although its key was loaded without a row', () => {
    const set = createWorkingSet()
    set.load(['runs', 'run-1'], [])
    set.apply({ insert: { runs: [aRunRow()] } })
    expect(set.facts.find('runs', 'run-1')).toEqual(aRunRow())
  })

  test('with a numeric key is found by that number as text', () => {
    const set = createWorkingSet()
    const item = { itemId: 7, state: 'waiting', submissionId: null, reason: null, isForeign: false } as const
    set.load(['retryItems', '7'], [item])
    expect(set.facts.find('retryItems', '7')?.state).toBe('waiting')
  })

  test('is not changed by a change of another table’s row with the same key', () => {
    const set = loaded()
    const details = { submissionId: 'submission-1', extensions: [], baseline: null }
    set.load(['details', 'submission-1'], [details])
    set.apply({ remove: { details: ['submission-1'] } })
    expect(set.facts.find('submissions', 'submission-1')).toBeDefined()
  })
})

describe('inserting a row that exists', () => {
  test.each(['loaded', 'inserted'] as const)('because it was %s throws, and changes nothing', (how) => {
    const set = createWorkingSet()
    if (how === 'loaded') set.load(['runs', 'run-1'], [aRunRow()])
    else set.apply({ insert: { runs: [aRunRow()] } })
    const before = structuredClone(set.changes())
    const changes: Changes = {
      insert: { deliveries: [aDeliveryRow()], runs: [aRunRow({ status: 'failed' })] },
      update: { submissions: [aSubmissionRow()] },
      other: { probe: true },
    }
    expect(() => set.apply(changes)).toThrow('runs')
    expect(set.changes()).toEqual(before)
    expect(set.facts.find('deliveries', 'd1')).toBeUndefined()
  })

  test('is possible again once the row was removed', () => {
    const set = loaded()
    set.apply({ remove: { runs: ['run-1'] } })
    set.apply({ insert: { runs: [aRunRow({ name: 'ai-tasks' })] } })
    expect(set.facts.find('runs', 'run-1')?.name).toBe('ai-tasks')
  })
})

describe('a lookup', () => {
  test('lists its rows with all changes, without removed ones', () => {
    const set = loaded()
    set.load(['currentOf', 'file-1'], [aRunRow({ runId: 'run-2' }), aRunRow()])
    set.apply({ update: { runs: [aRunRow({ status: 'failed' })] } })
    expect(set.facts.list('currentOf', 'file-1').map(({ runId, status }) => [runId, status])).toEqual([
      ['run-2', 'pending'],
      ['run-1', 'failed'],
    ])
    set.apply({ remove: { runs: ['run-2'] } })
    expect(set.facts.list('currentOf', 'file-1')).toHaveLength(1)
  })

  test('is loaded once the database has returned its rows', () => {
    const set = createWorkingSet()
    expect(set.isLoaded(['runsOf', 'submission-1'])).toBe(false)
    set.load(['runsOf', 'submission-1'], [aRunRow()])
    expect(set.isLoaded(['runsOf', 'submission-1'])).toBe(true)
    expect(set.facts.list('runsOf', 'submission-1')).toHaveLength(1)
  })

  test('of another kind, or with another id or name, is another lookup', () => {
    const set = loaded()
    set.load(['runNamed', 'submission-1', 'remove-bg'], [aRunRow()])
    const others: Key[] = [
      ['runNamed', 'submission-1', 'ai-tasks'],
      ['runNamed', 'submission-1'],
      ['runNamed', 'submission-2', 'remove-bg'],
      ['unclaimedOf', 'submission-1', 'remove-bg'],
    ]
    expect(others.map((key) => set.isLoaded(key))).toEqual([false, false, false, false])
    expect(set.facts.list('runNamed', 'submission-1', 'ai-tasks')).toEqual([])
  })

  test('without an id lists the rows that were loaded under the empty id', () => {
    const set = loaded()
    set.load(['unfinishedSubmissions', ''], [aSubmissionRow()])
    expect(set.facts.list('unfinishedSubmissions')).toHaveLength(1)
  })

  test('that found nothing lists nothing and counts as loaded; one whose only row is removed lists nothing, too', () => {
    const set = loaded()
    set.load(['uploadEndsOf', 'request-1'], [])
    set.apply({ remove: { runs: ['run-1'] } })
    expect([
      set.isLoaded(['uploadEndsOf', 'request-1']),
      set.facts.list('uploadEndsOf', 'request-1'),
    ]).toEqual([true, []])
    expect(set.facts.list('runsOf', 'submission-1')).toEqual([])
  })
})

describe('whether an id is forgotten', () => {
  test('is known only for ids that were loaded', () => {
    const set = createWorkingSet()
    set.loadForgotten('file-1', true)
    set.loadForgotten('file-2', false)
    const ids = ['file-1', 'file-2', 'file-3']
    expect(ids.map((id) => set.facts.isForgotten(id))).toEqual([true, false, false])
    expect(ids.map((id) => set.isLoaded(['forgotten', id]))).toEqual([true, true, false])
  })

  test('is not known if only rows are loaded under the key of the id', () => {
    const set = createWorkingSet()
    set.load(['forgotten', 'file-1'], [aRunRow()])
    expect(set.isLoaded(['forgotten', 'file-1'])).toBe(false)
  })
})

/** The lookups of the runs of `submission-1`. */
const OF_RUNS: Key[] = [
  ['runsOf', 'submission-1'],
  ['runNamed', 'submission-1', 'remove-bg'],
]
/** The lookup of the deliveries for an extension that `submission-1` did not request. */
const OF_UNCLAIMED: Key[] = [['unclaimedOf', 'submission-1', 'ai-tasks']]
/** The lookups of the runs and the submissions of `file-1`. */
const OF_FILE: Key[] = [
  ['unsettledOf', 'file-1'],
  ['currentOf', 'file-1'],
  ['submissionOf', 'file-1'],
]
/** The lookup of the submission of `request-1`, as long as it has no baseline. */
const OF_REQUEST: Key[] = [['awaitingFile', 'request-1']]
/** The lookup of the unclaimed deliveries that report the end of the upload of `request-1`. */
const OF_UPLOAD_ENDS: Key[] = [['uploadEndsOf', 'request-1']]
/** The lookup of the first delivery of `event-1`. */
const OF_EVENT: Key[] = [['firstDeliveryOf', 'event-1']]
/** Lookups of another submission, file, request or event. */
const OF_OTHERS: Key[] = [
  ['runsOf', 'submission-2'],
  ['currentOf', 'file-2'],
  ['uploadEndsOf', 'request-2'],
  ['firstDeliveryOf', 'event-2'],
]
const ALL = [
  ...OF_RUNS,
  ...OF_UNCLAIMED,
  ...OF_FILE,
  ...OF_REQUEST,
  ...OF_UPLOAD_ENDS,
  ...OF_EVENT,
  ...OF_OTHERS,
]

describe('a lookup becomes stale if it is', () => {
  /** As in `submission-1` of `loaded`. */
  const SAME = { fileId: 'file-1', requestId: 'request-1', state: 'accepted' } as const
  const cases: [string, Changes, Key[]][] = [
    [
      'by the submission or the file of an inserted run',
      { insert: { runs: [aRunRow({ runId: 'run-2' })] } },
      [...OF_RUNS, ...OF_FILE],
    ],
    [
      'by the submission or the file of a removed run',
      { remove: { runs: ['run-1'] } },
      [...OF_RUNS, ...OF_FILE],
    ],
    [
      'by the file or the request of an inserted submission',
      { insert: { submissions: [aSubmissionRow({ ...SAME, submissionId: 'submission-3' })] } },
      [...OF_FILE, ...OF_REQUEST],
    ],
    [
      'by the file or the request of a submission that becomes rejected',
      { update: { submissions: [aSubmissionRow({ ...SAME, state: 'rejected' })] } },
      [...OF_FILE, ...OF_REQUEST],
    ],
    [
      'by the request of a submission that gets its baseline',
      { update: { details: [{ submissionId: 'submission-1', extensions: [], baseline: BASELINE }] } },
      OF_REQUEST,
    ],
    [
      'by the request or the event of an inserted delivery that reports the end of an upload',
      { insert: { deliveries: [aDeliveryRow({ unclaimedRequestId: 'request-1', eventId: 'event-1' })] } },
      [...OF_UPLOAD_ENDS, ...OF_EVENT],
    ],
    [
      'for the unclaimed deliveries of a submission that gets another one',
      { insert: { deliveries: [aDeliveryRow({ submissionId: 'submission-1', cause: 'not_requested' })] } },
      OF_UNCLAIMED,
    ],
  ]

  test.each(cases)('%s', (_, changes, stale) => {
    const set = loaded()
    set.apply(changes)
    expect(set.isFresh()).toBe(false)
    expect(ALL.filter((key) => set.isStale(key))).toEqual(stale)
  })

  test.each([
    ['file', { fileId: 'file-2' }, ['currentOf', 'file-2']],
    ['request', { requestId: 'request-2' }, ['awaitingFile', 'request-2']],
  ] as const)('by the %s to which a submission is newly bound', (_, facts, key) => {
    const set = loaded()
    set.load(['submissions', 'submission-2'], [aSubmissionRow({ submissionId: 'submission-2' })])
    set.apply({ update: { submissions: [aSubmissionRow({ submissionId: 'submission-2', ...facts })] } })
    expect(set.isStale([...key])).toBe(true)
    expect(set.isStale(['runsOf', 'submission-2'])).toBe(false)
    expect(set.isFresh()).toBe(false)
  })
})

describe('no lookup becomes stale', () => {
  const cases: [string, Changes][] = [
    ['a run is settled', { update: { runs: [aRunRow({ status: 'success', dueAt: null })] } }],
    [
      'a submission changes, but keeps its file and its request, and is not rejected',
      {
        update: {
          submissions: [
            aSubmissionRow({
              fileId: 'file-1',
              requestId: 'request-1',
              state: 'unconfirmed',
              updatedAt: 5_000,
            }),
          ],
        },
      },
    ],
    [
      'a delivery of a known run, without an event id, is inserted',
      {
        insert: {
          deliveries: [aDeliveryRow({ submissionId: 'submission-1', runId: 'run-1', outcome: 'applied' })],
        },
      },
    ],
    ['a notification is inserted', { insert: { notifications: [aNotificationRow()] } }],
    ['something else is written', { other: { probe: true } }],
  ]

  test.each(cases)('when %s', (_, changes) => {
    const set = loaded()
    set.apply(changes)
    expect(set.isFresh()).toBe(true)
    expect(ALL.filter((key) => set.isStale(key))).toEqual([])
  })
})

test('a key of a single row, or of whether an id is forgotten, never becomes stale', () => {
  const set = loaded()
  set.apply({ remove: { runs: ['run-1'] }, insert: { runs: [aRunRow({ runId: 'run-2' })] } })
  const keys: Key[] = [
    ['runs', 'run-1'],
    ['runs', 'run-2'],
    ['submissions', 'submission-1'],
    ['forgotten', 'file-1'],
  ]
  expect(keys.filter((key) => set.isStale(key))).toEqual([])
})

describe('the changes of a batch', () => {
  test('are one per row: from the row in the database to the row after the last step', () => {
    const set = loaded()
    set.apply({ update: { runs: [aRunRow({ status: 'expired' })] } })
    set.apply({ update: { runs: [aRunRow({ status: 'success' })] } })
    expect(set.changes().rows.runs).toEqual([{ before: aRunRow(), after: aRunRow({ status: 'success' }) }])
  })

  test('contain an inserted and changed row as one insert', () => {
    const set = createWorkingSet()
    set.apply({ insert: { notifications: [aNotificationRow()] } })
    set.apply({ update: { notifications: [aNotificationRow({ attempt: 2 })] } })
    expect(set.changes().rows.notifications).toEqual([
      { before: undefined, after: aNotificationRow({ attempt: 2 }) },
    ])
  })

  test('contain nothing for a row that is inserted and removed, or only loaded', () => {
    const set = loaded()
    set.apply({ insert: { runs: [aRunRow({ runId: 'run-2' })] } })
    set.apply({ remove: { runs: ['run-2', 'unknown'] } })
    expect(set.changes().rows.runs).toEqual([])
  })

  test('contain a removed row with its earlier value', () => {
    const set = loaded()
    set.apply({ remove: { runs: ['run-1'] } })
    expect(set.changes().rows.runs).toEqual([{ before: aRunRow(), after: undefined }])
  })

  test('are in the order in which rows were loaded or inserted, and other changes in the order of the steps', () => {
    const set = loaded()
    const other = (at: number) => ({ other: { heartbeatAt: at } })
    set.apply({ insert: { runs: [aRunRow({ runId: 'run-3' })] }, ...other(2) })
    set.apply({ insert: { runs: [aRunRow({ runId: 'run-2' })] }, ...other(1) })
    set.apply({ update: { runs: [aRunRow({ status: 'failed' })] } })
    const { rows, others } = set.changes()
    expect(rows.runs.map(({ after }) => after?.runId)).toEqual(['run-1', 'run-3', 'run-2'])
    expect(others).toEqual([{ heartbeatAt: 2 }, { heartbeatAt: 1 }])
  })
})
