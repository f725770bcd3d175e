const CONTRACT = ['test/store/sqlite-store.test.ts']
const ACCOUNT = { file: 'src/domain/decide/account-event.ts', tests: CONTRACT }
const FINDING = { file: 'src/domain/decide/finding.ts', tests: CONTRACT }
const RESPONSE = { file: 'src/domain/decide/response.ts', tests: CONTRACT }
const STATE = { file: 'src/domain/decide/submission-state.ts', tests: CONTRACT }

/** Faults in `src/domain/decide`: a step that changes the wrong rows. */
export const FAULTS_OF_DECIDING = [
  {
    name: 'unknown-submission-ignored',
    file: 'src/domain/decide/delivery.ts',
    find: 'if (facts.isForgotten(submissionId)) return',
    replace: "if (submissionId !== '') return",
    tests: ['test/integration/unknown-submission.test.ts', ...CONTRACT],
  },
  {
    name: 'replayed-delivery-stays-rejected',
    file: 'src/domain/decide/delivery.ts',
    find: 'rejected: [replayOf] }',
    replace: 'rejected: [] }',
    tests: CONTRACT,
  },
  {
    name: 'replayed-delivery-takes-a-new-id',
    file: 'src/domain/decide/delivery.ts',
    find: 'return replayOf ?? ids.delivery()',
    replace: 'return replayOf === undefined ? ids.delivery() : ids.delivery()',
    tests: CONTRACT,
  },
  {
    name: 'rejected-delivery-has-an-id',
    file: 'src/domain/decide/delivery.ts',
    find: 'result: { deliveryId: null,',
    replace: 'result: { deliveryId: idOf(delivery, ids),',
    tests: CONTRACT,
  },
  {
    name: 'account-event-takes-effect-twice',
    ...ACCOUNT,
    find: "facts.list('eventOf', event.eventId).length > 0",
    replace: 'event.eventId.length > 1000',
  },
  {
    name: 'account-event-makes-nothing-due',
    ...ACCOUNT,
    find: 'dueAt === null || dueAt > at',
    replace: 'dueAt === null',
  },
  {
    name: 'expired-run-stays-due',
    ...FINDING,
    find: "finding.kind === 'evidence' ? run.dueAt : null",
    replace: 'run.dueAt',
  },
  { name: 'finding-though-nothing-is-in-question', ...FINDING, find: ' || run.dueAt === null', replace: '' },
  {
    name: 'run-is-never-due',
    file: 'src/domain/decide/submission.ts',
    find: '{ ...run, dueAt, isListed: true }',
    replace: '{ ...run, dueAt: null, isListed: true }',
    tests: CONTRACT,
  },
  { name: 'run-is-due-before-its-siblings', ...STATE, find: '(state.runs[0]?.dueAt ?? at)', replace: 'at' },
  {
    name: 'rejected-run-is-listed',
    ...STATE,
    find: ': null, isListed }',
    replace: ': null, isListed: true }',
  },
  {
    name: 'claimed-delivery-stays-unclaimed',
    ...RESPONSE,
    find: '{ ...row, outcome, cause: null, unclaimedError: null }',
    replace: 'row',
  },
  {
    name: 'earlier-end-not-heard',
    ...RESPONSE,
    find: 'applyEarlierEnds(facts, responded, at, ids, bodyOf)',
    replace: 'responded',
  },
  {
    name: 'foreign-uploads-swept',
    file: 'src/domain/decide/recovery.ts',
    find: " || row.kind === 'external'",
    replace: '',
    tests: ['test/unit/domain/decide/recovery.test.ts'],
  },
  {
    name: 'running-claim-is-free',
    file: 'src/domain/decide/idempotency.ts',
    find: ' || isRunning(known)',
    replace: '',
    tests: CONTRACT,
  },
  {
    name: 'notification-begins-again',
    file: 'src/domain/decide/notification-result.ts',
    find: ' && row.dueAt !== null',
    replace: '',
    tests: CONTRACT,
  },
]
