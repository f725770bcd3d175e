const CONTRACT = ['test/store/sqlite-store.test.ts']
const ACCOUNT = { file: 'src/domain/decide/account-event.ts', tests: CONTRACT }
const FINDING = { file: 'src/domain/decide/due-run.ts', tests: CONTRACT }
const CLAIMS = ['test/store/sqlite-two-handles.test.ts']
const NOTIFICATION = { file: 'src/domain/decide/due-notification.ts', tests: CLAIMS }
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
    name: 'run-is-claimed-twice',
    ...FINDING,
    find: 'findDue(facts, runId, dueAt) ?? []',
    replace: "facts.find('runs', runId) ?? []",
    tests: CLAIMS,
  },
  {
    name: 'release-moves-a-run-of-another',
    ...FINDING,
    find: 'const run = findDue(facts, runId, claim)',
    replace: "const run = facts.find('runs', runId)",
    tests: CLAIMS,
  },
  {
    name: 'late-look-counts-after-its-claim',
    ...FINDING,
    find: 'if (!isFact && run.dueAt !== claim)',
    replace: 'if (!isFact && claim < 0)',
    tests: CLAIMS,
  },
  {
    name: 'late-evidence-does-not-count',
    ...FINDING,
    find: "const isFact = finding.kind === 'evidence' || finding.kind === 'asset_gone'",
    replace: "const isFact = finding.kind === 'asset_gone'",
    tests: CLAIMS,
  },
  {
    name: 'claims-of-others-end-the-list',
    file: 'src/store/create-store.ts',
    find: 'if (claimed.size > 0) return',
    replace: 'if (claimed.size >= 0) return',
    tests: CLAIMS,
  },
  {
    name: 'expired-run-stays-due',
    ...FINDING,
    find: '{ ...run, dueAt: null }',
    replace: 'run',
  },
  { name: 'finding-though-nothing-is-in-question', ...FINDING, find: ' || run.dueAt === null', replace: '' },
  {
    name: 'run-is-due-before-its-siblings',
    ...STATE,
    find: '(state.runs.find(({ dueAt }) => dueAt !== null)?.dueAt ?? null)',
    replace: 'at',
  },
  {
    name: 'rejected-run-is-listed',
    ...STATE,
    find: '    isOverdue: isListed && isTurned,\n    isListed,\n',
    replace: '    isOverdue: isListed && isTurned,\n    isListed: true,\n',
  },
  {
    name: 'run-that-counts-again-is-not-overdue',
    ...STATE,
    find: 'isOverdue: isListed && isTurned',
    replace: 'isOverdue: false',
  },
  {
    name: 'final-run-stays-due',
    ...STATE,
    find: 'dueAt: isFinal(run.status) ? null : dueAt',
    replace: 'dueAt',
  },
  {
    name: 'run-does-not-name-its-delivery',
    file: 'src/domain/decide/delivery.ts',
    find: 'isSettledByDelivery(known, run) ? numberOf(deliveryId) : known.settledBy',
    replace: 'known.settledBy',
    tests: CONTRACT,
  },
  {
    name: 'repetition-settles-the-run-again',
    file: 'src/domain/decide/delivery.ts',
    find: 'isSettledByDelivery(known, run) ? numberOf',
    replace: "run.source === 'webhook' ? numberOf",
    tests: CONTRACT,
  },
  {
    name: 'run-names-the-last-that-it-claims',
    ...RESPONSE,
    find: 'decision.claimed.find(',
    replace: 'decision.claimed.findLast(',
  },
  {
    name: 'claimed-delivery-stays-unclaimed',
    ...RESPONSE,
    find: '{ ...row, runId, outcome, cause: null, unclaimedError: null }',
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
    ...NOTIFICATION,
    find: 'row !== undefined && row.dueAt !== null ? row : undefined',
    replace: 'row',
    tests: CONTRACT,
  },
  {
    name: 'item-is-submitted-by-two-processes',
    file: 'src/domain/decide/retry.ts',
    find: "if ('itemId' in origin && item?.state !== 'waiting')",
    replace: "if ('itemId' in origin && item === undefined)",
    tests: ['test/unit/domain/decide/retry.test.ts'],
  },
  {
    name: 'item-of-another-process-is-ended',
    file: 'src/domain/decide/retry.ts',
    find: ' && !item.isForeign',
    replace: '',
    tests: CLAIMS,
  },
  {
    name: 'notification-is-claimed-twice',
    ...NOTIFICATION,
    find: 'if (row?.dueAt !== dueAt) return',
    replace: 'if (row === undefined) return',
  },
  {
    name: 'release-moves-a-notification-of-another',
    ...NOTIFICATION,
    find: 'row?.dueAt === claim ? [{ ...row, dueAt }] : []',
    replace: 'row ? [{ ...row, dueAt }] : []',
  },
  {
    name: 'late-attempt-counts-after-its-claim',
    ...NOTIFICATION,
    find: "const needsClaim = result.kind === 'again' || result.kind === 'given_up'",
    replace: "const needsClaim = result.kind === 'given_up'",
  },
  {
    name: 'late-success-does-not-count',
    ...NOTIFICATION,
    find: '(!needsClaim || row.dueAt === claim)',
    replace: 'row.dueAt === claim',
  },
]
