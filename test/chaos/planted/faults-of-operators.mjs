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
    file: 'src/domain/decide/retry.ts',
    find: 'if (refusal !== null) return { result: { refusal }, changes: {} }',
    replace: '',
    tests: [...RETRY, ...CONTRACT],
  },
  {
    name: 'asked-again-though-it-is-not-current',
    file: 'src/domain/decide/retry.ts',
    find: 'current && current.runId !== run.runId ? current.runId : null',
    replace: 'null',
    tests: CONTRACT,
  },
  {
    name: 'retry-names-no-runs',
    file: 'src/domain/decide/retry.ts',
    find: 'runIds: runs.map((one) => one.runId)',
    replace: 'runIds: runs.flatMap(() => [])',
    tests: CONTRACT,
  },
  {
    name: 'an-item-is-asked-for-twice',
    file: 'src/domain/decide/retry.ts',
    find: "item?.state !== 'waiting'",
    replace: 'item === undefined',
    tests: CONTRACT,
  },
  {
    name: 'pending-run-is-acknowledged',
    file: 'src/domain/decide/acknowledgement.ts',
    find: " || run.status === 'pending'",
    replace: '',
    tests: CONTRACT,
  },
  {
    name: 'what-was-forgotten-comes-back',
    file: 'src/domain/decide/delivery.ts',
    find: 'if (facts.isForgotten(submissionId)) return recordNothing(idOf(delivery, ids), delivery)',
    replace: '',
    tests: ['test/store/sqlite-forgetting.test.ts', ...CONTRACT],
  },
  {
    name: 'body-for-what-was-forgotten-is-kept',
    file: 'src/domain/decide/delivery.ts',
    find: 'const sent = { headers: {}, body: Buffer.alloc(0) }',
    replace: 'const { sent } = receivedOf(deliveryId, received)',
    tests: ['test/store/sqlite-forgetting.test.ts', ...CONTRACT],
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
