// See `../faults.mjs` for how a fault is written (`in`, `nth`), and `../edits.mjs` for its operators (`assume`, …) and `$&`.

const CONTRACT = ['sqlite-store']
const PLANS = ['query-plans']
const TWO_PROCESSES = ['sqlite-shared-database']

/**
 * A row is missing or has a wrong value, is written outside its transaction, or costs more than it should; or a read finds a row that
 * it should not find, or misses one.
 */
export const FAULTS_IN_STORED_ROWS = [
  {
    name: 'delivery-is-written-outside-its-transaction',
    in: 'createWriteChanges',
    replace: ['writeDelivery', 'queueMicrotask(() => { try { $& } catch {} })'],
    tests: CONTRACT,
  },
  {
    name: 'delivery-has-no-body',
    in: 'writeDelivery',
    assume: ['after.sent', false],
    tests: CONTRACT,
  },
  {
    name: 'notification-is-written-outside-its-transaction',
    in: 'perform',
    replace: [
      'writeRows',
      `{
        const { rows } = query.changes
        const known = rows.notifications.filter(({ before }) => before !== undefined)
        const added = rows.notifications.filter(({ before }) => before === undefined)
        const none = Object.fromEntries(Object.keys(rows).map((table) => [table, []])) as unknown as typeof rows
        queueMicrotask(() => {
          writeRows({ ...query.changes, rows: { ...none, notifications: added }, others: [], stats: null })
        })
        writeRows({ ...query.changes, rows: { ...rows, notifications: known } })
      }`,
    ],
    tests: CONTRACT,
  },
  {
    name: 'success-rewrites-an-index',
    in: 'settleRun',
    value:
      "statement(`UPDATE runs SET due_at = NULL, ${namesOf(SETTLING_COLUMNS).map((name) => `${name} = ?`).join(', ')} WHERE n = ?`)",
    tests: PLANS,
  },
  { name: 'success-is-written-like-a-failure', in: 'isPlain', assume: ["'success'", false], tests: PLANS },
  { name: 'applied-delivery-is-an-exception', in: 'writeDelivery.exception', value: 'outcome', tests: PLANS },
  {
    name: 'overdue-run-is-settled-like-a-plain-one',
    // `conditions.mjs` lists `isPlain(after)` first, although `isPlain(before)` precedes it in the code.
    in: 'writeRun',
    assume: ['isPlain', true],
    nth: 2,
    tests: CONTRACT,
  },
  {
    name: 'failure-is-written-like-a-success',
    in: 'writeRun',
    assume: ['isPlain', true],
    nth: 1,
    tests: CONTRACT,
  },
  {
    name: 'run-with-a-due-time-is-settled-like-a-plain-one',
    in: 'isPlain',
    assume: ['run.dueAt', true],
    tests: CONTRACT,
  },
  {
    name: 'contradicted-success-is-not-written',
    in: 'isPlain',
    assume: ['run.contradicted', true],
    tests: CONTRACT,
  },
  {
    name: 'acknowledged-success-is-not-written',
    in: 'isPlain',
    assume: ['run.acknowledgedAt', true],
    tests: CONTRACT,
  },
  { name: 'settling-delivery-is-not-written', in: 'writeRun.settledBy', value: '-number', tests: CONTRACT },
  {
    name: 'expired-run-needs-no-attention',
    in: 'ATTENTION_BY_STATUS',
    value: '{ pending: null, success: null, ...ATTENTION, expired: null } as const',
    tests: CONTRACT,
  },
  {
    name: 'upload-in-progress-has-no-owner',
    in: 'writeSubmission.head',
    assume: ['isInProgress', false],
    tests: CONTRACT,
  },
  {
    name: 'external-submission-has-an-owner',
    in: 'writeSubmission',
    replace: ['isInProgress', "String(after.state) !== ''"],
    nth: 2,
    tests: [...PLANS, ...CONTRACT],
  },
  {
    name: 'rejected-submission-keeps-its-run-current',
    in: 'submissionsToRefresh',
    assume: ['isRejected', false],
    tests: ['current-runs'],
  },
  {
    name: 'run-of-a-rejected-submission-is-current',
    in: 'createCurrentRuns.newest',
    word: ['r.hidden', 'NULL'],
    tests: CONTRACT,
  },
  {
    name: 'rejected-submission-makes-an-asset',
    in: 'UPDATED_AT',
    replace: ['STATE.to.rejected', '-1'],
    tests: CONTRACT,
  },
  {
    name: 'silent-process-stays-alive',
    in: 'HAS_ENDED',
    word: ['heartbeat_at', '9e15 + heartbeat_at'],
    tests: TWO_PROCESSES,
  },
  {
    name: 'live-process-is-recovered',
    in: 'recoverAbandoned.since',
    value: 'String(at)',
    tests: TWO_PROCESSES,
  },
  {
    name: 'heartbeat-has-the-time-zero',
    in: 'writeOther',
    replace: ['to.saveHeartbeat', 'to.saveHeartbeat(processId, 0)'],
    tests: TWO_PROCESSES,
  },
  {
    name: 'account-event-reaches-runs-of-a-rejected-submission',
    in: 'unsettledOf',
    word: ['r.hidden', 'NULL'],
    tests: CONTRACT,
  },
  {
    name: 'run-of-another-database-is-found',
    in: 'createHistoryRows.findRun',
    word: ['r.chk', 'r.chk = r.chk OR r.chk'],
    tests: CONTRACT,
  },
  {
    name: 'submission-of-another-database-is-found',
    in: 'createAssetReads.findSubmissions',
    replace: [
      'known.get',
      'found.find(({ submission }) => numberOf(submission.submissionId) === numberOf(id))',
    ],
    tests: CONTRACT,
  },
]
