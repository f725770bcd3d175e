// See `../faults.mjs` for how a fault is written (`in`, `nth`), and `../edits.mjs` for its operators (`assume`, …) and `$&`.

const CONTRACT = ['sqlite-store']
const FORGETTING = ['sqlite-forgetting', ...CONTRACT]
const SWEEP = ['overdue']
const RETENTION = ['retention']

/**
 * The sweep marks the wrong runs, at a wrong time or more than once; pruning, retention, eviction or the deletion of an asset deletes
 * too much, too little, or too much at once; or something still counts or names what was deleted, or reports a deletion that was none.
 */
export const FAULTS_IN_RETENTION = [
  { name: 'run-never-becomes-due', in: 'markOverdue', word: ['coalesce', 'nullif'], tests: CONTRACT },
  { name: 'sweep-defers-a-due-run', in: 'markOverdue', word: ['due_at', 'NULL'], nth: 2, tests: CONTRACT },
  {
    name: 'run-dated-in-the-future-is-not-due-now',
    in: 'selectOverdue.dueAt',
    replace: ['Math.min', '$0'],
    tests: SWEEP,
  },
  {
    name: 'sweep-marks-rejected-runs',
    in: 'createMaintenanceRows.listRuns',
    replace: ['isPending', "'status = 0'"],
    nth: 1,
    tests: CONTRACT,
  },
  { name: 'sweep-starts-again-each-time', in: 'sweepOverdue', remove: 'rows.saveSwept', tests: CONTRACT },
  { name: 'sweep-stops-too-early', in: 'isYounger', compare: ['ageMs', '>='], tests: SWEEP },
  {
    name: 'sweep-stops-at-a-run-dated-in-the-future',
    in: 'isYounger',
    assume: ['CLOCK_SLACK_MS', true],
    tests: SWEEP,
  },
  { name: 'sweep-skips-young-runs', in: 'decideSweep', replace: ["'stop'", "'skip'"], tests: SWEEP },
  {
    name: 'pruning-removes-deliveries',
    in: 'createRemovalRows.deleteBodies',
    word: ['delivery_bodies', 'deliveries'],
    tests: FORGETTING,
  },
  {
    name: 'pruning-removes-young-bodies',
    in: 'selectOldBodies',
    assume: ['receivedBefore', false],
    tests: RETENTION,
  },
  { name: 'pruning-skips-a-body', in: 'selectOldBodies', assign: ['next', '$& + 1'], tests: RETENTION },
  {
    name: 'pruned-upload-event-is-claimed-later',
    in: 'pruneBodies',
    remove: 'rows.clearUploadEnds',
    tests: CONTRACT,
  },
  {
    name: 'retention-deletes-a-needed-row',
    in: 'decideRetention',
    assume: ['isNeeded', false],
    tests: RETENTION,
  },
  {
    name: 'retention-stops-at-a-row-dated-in-the-future',
    in: 'decideRetention',
    replace: ["'keep'", "'young'"],
    nth: 1,
    tests: RETENTION,
  },
  {
    name: 'retention-stops-where-the-clock-was-ahead',
    in: 'deleteOldSubmissions',
    assume: ['hasYoung', false],
    tests: CONTRACT,
  },
  {
    name: 'retention-deletes-an-upload-in-progress',
    in: 'isSubmissionNeeded',
    assume: ['uses.isBeingSubmitted', false],
    tests: RETENTION,
  },
  {
    name: 'retention-deletes-an-open-notification',
    in: 'isSubmissionNeeded',
    assume: ['uses.hasOpenNotification', false],
    tests: RETENTION,
  },
  {
    name: 'retention-restores-an-earlier-status',
    in: 'selectOld',
    assume: ['isBehindKept', false],
    tests: RETENTION,
  },
  {
    name: 'retention-ignores-what-an-earlier-step-kept',
    in: 'createMaintenanceRows.listSubmissions',
    word: ['s.file_id', 'NULL'],
    nth: 1,
    tests: CONTRACT,
  },
  {
    name: 'retention-keeps-deliveries',
    in: 'deleteOldSubmissions',
    property: ['next', 'continueAt'],
    nth: 2,
    tests: CONTRACT,
  },
  {
    name: 'deleted-run-stays-current',
    in: 'removeSubmissions',
    remove: 'rows.refreshCurrent',
    tests: FORGETTING,
  },
  { name: 'retention-deletes-too-many-bytes-at-once', in: 'selectOld', remove: 'bytes', tests: RETENTION },
  {
    name: 'retention-deletes-deliveries-of-kept-submissions',
    in: 'createMaintenanceRows.listDeliveries',
    word: ['d.submission', 'NULL'],
    tests: CONTRACT,
  },
  {
    name: 'retention-does-not-delete-bodies',
    in: 'createRemovalRows.deleteDeliveries',
    remove: 'removal.deleteBodies',
    tests: ['sqlite-deliveries'],
  },
  {
    name: 'deletion-of-an-asset-leaves-bodies',
    in: 'createRemovalRows.deleteSubmissions',
    replace: ['removal.deleteDeliveries', 'waitFor(deleteDeliveries(JSON.stringify($0)))'],
    tests: FORGETTING,
  },
  {
    name: 'deletion-of-an-asset-leaves-applied-deliveries',
    in: 'createRemovalRows.listDeliveries',
    word: ['settled_by', '0'],
    tests: FORGETTING,
  },
  {
    name: 'deletion-of-an-asset-leaves-the-stored-response',
    in: 'createRemovalRows.deletions',
    word: ['submission', '-submission'],
    nth: 3,
    tests: FORGETTING,
  },
  {
    name: 'deleted-runs-are-still-counted',
    in: 'removeSubmissions',
    remove: 'rows.appendDelta',
    tests: FORGETTING,
  },
  {
    name: 'deleted-causes-stay-in-the-deltas',
    in: 'createForgetAsset',
    replace: ['foldCounters', '(function* () { return false })()'],
    tests: FORGETTING,
  },
  {
    name: 'audit-log-is-rewritten-at-once',
    in: 'ENTRIES_AT_ONCE',
    value: '1_000_000',
    tests: ['forgetting'],
  },
  {
    name: 'deletion-of-an-unknown-asset-succeeds',
    in: 'createForgetAsset.remove',
    assume: ['known.length', false],
    tests: ['forgetting'],
  },
  {
    name: 'asset-is-deleted-in-one-step',
    in: 'chunksOf',
    return: '[[...submissions]]',
    tests: ['forgetting'],
  },
  {
    name: 'current-runs-are-not-deleted-last',
    in: 'removeOlder',
    assume: ['current.has', true],
    tests: FORGETTING,
  },
  {
    name: 'mentions-of-a-deleted-asset-stay-in-the-audit-log',
    in: 'hideMentions',
    negate: 'hidden',
    tests: FORGETTING,
  },
  {
    name: 'ids-of-deleted-runs-stay-in-the-audit-log',
    in: 'createReplacer',
    assume: ['ids.has', false],
    tests: CONTRACT,
  },
  {
    name: 'valid-token-of-a-rejected-delivery-is-ignored',
    in: 'keepRejected.hasValidToken',
    value: 'false',
    tests: ['keep-rejected'],
  },
  {
    name: 'eviction-stops-too-early',
    in: 'evict',
    assume: ['CHECKED_AT_ONCE', true],
    tests: ['keep-rejected'],
  },
  {
    name: 'number-of-rejected-deliveries-is-unlimited',
    in: 'selectEvicted',
    assume: ['limit.count', true],
    tests: ['rejected-retention'],
  },
  {
    name: 'wrong-clock-does-not-stop-pruning',
    in: 'checkClock',
    compare: ['last.trustedAt', '<'],
    tests: ['pruning-clock'],
  },
]
