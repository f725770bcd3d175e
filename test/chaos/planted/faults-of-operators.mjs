const CONTRACT = ['test/store/sqlite-store.test.ts']
const RETRY = ['test/integration/operators-retry.test.ts']
const SIGN_IN = ['test/integration/admin-sign-in.test.ts']

/** Faults in what operators see and do: asking again, forgetting, lists, alerts, and who may. */
export const FAULTS_OF_OPERATORS = [
  {
    name: 'retries-as-fast-as-ever',
    file: 'src/jobs/retrier.ts',
    find: '(holdMs ?? BETWEEN_MS)',
    replace: 'BETWEEN_MS',
    tests: RETRY,
  },
  {
    name: 'held-back-is-taken-for-refused',
    file: 'src/tracking/operators/work-off-retries.ts',
    find: 'holdMs === null ? endOf(answer)',
    replace: 'holdMs !== undefined ? endOf(answer)',
    tests: RETRY,
  },
  {
    name: 'asked-again-though-it-may-not-be',
    file: 'src/store/sqlite/retry-steps.ts',
    find: "if (judgement.kind === 'refused') return judgement.by",
    replace: '',
    tests: [...RETRY, ...CONTRACT],
  },
  {
    name: 'an-item-is-asked-for-twice',
    file: 'src/store/sqlite/retry-steps.ts',
    find: '.changes === 0)',
    replace: '.changes > 1)',
    tests: CONTRACT,
  },
  {
    name: 'what-was-forgotten-comes-back',
    file: 'src/store/sqlite/record-delivery.ts',
    find: 'if (isForgotten(statements, delivery.submissionId)) return keepNothing(statements, delivery)',
    replace: '',
    tests: ['test/store/sqlite-forgetting.test.ts', ...CONTRACT],
  },
  {
    name: 'what-was-forgotten-is-still-counted',
    file: 'src/store/sqlite/forget-asset.ts',
    find: 'tallies.change({ run: toRun(run, submission.submissionId), groupId: run.groupId }, undefined)',
    replace: 'toRun(run, submission.submissionId)',
    tests: ['test/store/sqlite-counts.test.ts', ...CONTRACT],
  },
  {
    name: 'counts-of-a-lost-transaction-are-kept',
    file: 'src/store/sqlite/hour-counts.ts',
    find: 'if (!isCommitted || kept.size > MAX_KEPT) kept.clear()',
    replace: 'if (kept.size > MAX_KEPT) kept.clear()',
    tests: ['test/store/sqlite-counts.test.ts'],
  },
  {
    name: 'a-page-repeats-the-end-of-the-last',
    file: 'src/store/sqlite/list-runs.ts',
    find: 'last = seq\n',
    replace: 'last = seq + 1\n',
    tests: CONTRACT,
  },
  {
    name: 'an-alert-begins-again-at-each-look',
    file: 'src/domain/alert.ts',
    find: "if (alert?.state !== 'firing') {",
    replace: "if (isPassed || alert?.state !== 'firing') {",
    tests: ['test/unit/domain/alert.test.ts'],
  },
  {
    name: 'an-api-key-opens-all',
    file: 'src/tracking/access.ts',
    find: "if (caller.role === 'api')",
    replace: "if (caller.role === 'local')",
    tests: ['test/integration/operators-access.test.ts'],
  },
  {
    name: 'a-form-of-any-site-counts',
    file: 'src/tracking/operators/sessions.ts',
    find: 'isFormToken: ({ proof }, token) => capability.verify(`form ${proof}`, token),',
    replace: 'isFormToken: () => true,',
    tests: ['test/integration/admin-hostile.test.ts', ...SIGN_IN],
  },
  {
    name: 'a-session-outlives-its-time',
    file: 'src/tracking/operators/sessions.ts',
    find: 'if (clock() >= Number(endsAt) || endedSessions.has(sessionId)) return undefined',
    replace: 'if (endedSessions.has(sessionId)) return undefined',
    tests: SIGN_IN,
  },
  {
    name: 'a-session-outlives-the-sign-out',
    file: 'src/tracking/operators/sessions.ts',
    find: 'if (clock() >= Number(endsAt) || endedSessions.has(sessionId)) return undefined',
    replace: 'if (clock() >= Number(endsAt)) return undefined',
    tests: SIGN_IN,
  },
  {
    name: 'a-session-outlives-its-key',
    file: 'src/tracking/operators/sessions.ts',
    find: 'return `session ${claim} ${digest}`',
    replace: 'return `session ${claim}`',
    tests: SIGN_IN,
  },
]
