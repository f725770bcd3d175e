const CONTRACT = ['test/store/sqlite-store.test.ts']
const WRITE = { file: 'src/store/sql/write-changes.ts', tests: CONTRACT }
const LOAD = { file: 'src/store/sql/find-rows.ts', tests: CONTRACT }
const PLANS = ['test/store/query-plans.test.ts']

/** Faults in writing and finding rows: a missing column, an index that a success rewrites, an id of another row. */
export const FAULTS_OF_THE_ROWS = [
  {
    name: 'effect-without-its-delivery',
    ...WRITE,
    find: 'for (const change of rows.deliveries) writeDelivery(change)',
    replace: `queueMicrotask(() => {
      try {
        for (const change of rows.deliveries) writeDelivery(change)
      } catch {}
    })`,
  },
  {
    name: 'delivery-without-its-body',
    ...WRITE,
    find: 'if (after.sent)',
    replace: "if (after.sent && after.outcome !== 'applied')",
  },
  {
    name: 'notification-outside-the-transaction',
    file: 'src/store/sqlite/transactions.ts',
    find: 'else writeRows(query.changes)',
    replace: `else {
        const { rows } = query.changes
        const known = rows.notifications.filter(({ before }) => before !== undefined)
        const added = rows.notifications.filter(({ before }) => before === undefined)
        const none = Object.fromEntries(Object.keys(rows).map((table) => [table, []])) as unknown as typeof rows
        queueMicrotask(() => {
          writeRows({ ...query.changes, rows: { ...none, notifications: added }, others: [], stats: null })
        })
        writeRows({ ...query.changes, rows: { ...rows, notifications: known } })
      }`,
    tests: CONTRACT,
  },
  {
    name: 'success-rewrites-an-index',
    file: 'src/store/sql/row-writes.ts',
    find: "settleRun: update('runs', SETTLING)",
    replace:
      "settleRun: statement(`UPDATE runs SET due_at = NULL, ${namesOf(SETTLING).map((name) => `${name} = ?`).join(', ')} WHERE n = ?`)",
    tests: PLANS,
  },
  {
    name: 'success-is-written-as-a-failure-is',
    ...WRITE,
    find: "(run.status === 'pending' || run.status === 'success')",
    replace: "run.status === 'pending'",
    tests: PLANS,
  },
  {
    name: 'applied-delivery-is-an-exception',
    ...WRITE,
    find: 'const exception = isApplied(after) ? null : outcome',
    replace: 'const exception = outcome',
    tests: PLANS,
  },
  {
    name: 'failure-is-written-as-a-success-is',
    ...WRITE,
    find: 'isPlain(before) && isPlain(after)',
    replace: 'isPlain(before)',
  },
  {
    name: 'overdue-run-settles-as-a-plain-one',
    ...WRITE,
    find: 'isPlain(before) && isPlain(after)',
    replace: 'isPlain(after)',
  },
  {
    name: 'hastened-run-settles-as-a-plain-one',
    ...WRITE,
    find: '    run.dueAt === null &&\n    !run.isOverdue',
    replace: '    !run.isOverdue',
  },
  {
    name: 'contradiction-of-a-success-is-not-written',
    ...WRITE,
    find: '    !run.contradicted &&\n',
    replace: '',
  },
  {
    name: 'acknowledgement-of-a-success-is-not-written',
    ...WRITE,
    find: '    run.acknowledgedAt === null &&\n',
    replace: '',
  },
  {
    name: 'settling-delivery-is-not-written',
    ...WRITE,
    find: 'const settledBy = after.settledBy ?? -number',
    replace: 'const settledBy = -number',
  },
  {
    name: 'expired-run-needs-no-attention',
    ...WRITE,
    find: 'success: null, ...ATTENTION }',
    replace: 'success: null, ...ATTENTION, expired: null }',
  },
  {
    name: 'unfinished-upload-has-no-owner',
    ...WRITE,
    find: 'state, isUnderWay(after) ? processId : null]',
    replace: 'state, null]',
  },
  {
    name: 'finished-upload-keeps-its-owner',
    ...WRITE,
    find: 'if (isUnderWay(after)) to.updateSubmission(...responded)',
    replace: "if (String(after.state) !== '') to.updateSubmission(...responded)",
    tests: ['test/store/query-plans.test.ts', ...CONTRACT],
  },
  {
    name: 'rejection-leaves-its-run-current',
    file: 'src/domain/current-runs.ts',
    find: 'isRejected(before) !== isRejected(after)',
    replace: 'isRejected(before) !== isRejected(before)',
    tests: ['test/unit/domain/current-runs.test.ts'],
  },
  {
    name: 'rejected-submission-is-current',
    file: 'src/store/sql/current-runs.ts',
    find: 'r.submission = s.n AND r.hidden IS NULL AND (',
    replace: 'r.submission = s.n AND (',
    tests: CONTRACT,
  },
  {
    name: 'rejected-submission-makes-an-asset',
    file: 'src/store/sql/asset-reads.ts',
    find: ' AND state <> ${STATE.to.rejected}',
    replace: '',
    tests: CONTRACT,
  },
  {
    name: 'silent-process-stays-alive',
    ...LOAD,
    find: "'NOT IN (SELECT id FROM processes WHERE id = ? OR heartbeat_at > ?)'",
    replace: "'NOT IN (SELECT id FROM processes WHERE id = ? OR heartbeat_at + 0 * ? > 0)'",
    tests: ['test/store/sqlite-two-handles.test.ts'],
  },
  {
    name: 'live-process-is-recovered',
    file: 'src/domain/decide/recovery.ts',
    find: 'const since = String(aliveSince)',
    replace: 'const since = String(at)',
    tests: ['test/store/sqlite-two-handles.test.ts'],
  },
  {
    name: 'process-keeps-no-heartbeat',
    file: 'src/store/sql/write-changes.ts',
    find: 'saveHeartbeat(processId, heartbeatAt)',
    replace: 'saveHeartbeat(processId, 0)',
    tests: ['test/store/sqlite-two-handles.test.ts'],
  },
  {
    name: 'event-hastens-rejected-runs',
    ...LOAD,
    find: 'AND r.hidden IS NULL AND r.status IN (',
    replace: 'AND r.status IN (',
  },
  {
    name: 'run-of-another-database-is-found',
    file: 'src/store/sql/history-rows.ts',
    find: 'WHERE r.n = ? AND r.chk = ?',
    replace: "WHERE r.n = ? AND ? <> ''",
    tests: CONTRACT,
  },
  {
    name: 'status-of-another-database-is-returned',
    file: 'src/store/sql/asset-reads.ts',
    find: 'known.get(id)',
    replace: 'found.find(({ submission }) => numberOf(submission.submissionId) === numberOf(id))',
    tests: CONTRACT,
  },
]
