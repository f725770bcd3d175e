// See `../faults.mjs` for how a fault is written (`in`, `nth`), and `../edits.mjs` for the operators (`assume`, …) and the placeholders in
// new code (`$&`, …).

const CONTRACT = ['sqlite-store']
const QUEUE = ['group-commit']
const FILE = ['database-file']
const POWER_LOSS = ['power-loss']
const READS = ['reads-together']
const BATCHED_READS = ['batch-reads']

/**
 * A write is lost, half done, reported too early or too late; a number or random bits are used twice; a queue loses steps or
 * grows without limit; or one read or step makes others fail or wait.
 */
export const FAULTS_IN_TRANSACTIONS = [
  { name: 'commits-are-not-synced', in: 'PRAGMAS', word: ['FULL', 'OFF'], tests: POWER_LOSS },
  { name: 'only-checkpoints-are-synced', in: 'PRAGMAS', word: ['FULL', 'NORMAL'], tests: POWER_LOSS },
  {
    name: 'write-is-reported-before-the-sync',
    // COMMIT includes the sync, so it runs only after the report.
    in: 'inTransaction',
    replace: ['commit.run', 'setImmediate(() => commit.run())'],
    tests: POWER_LOSS,
  },
  {
    name: 'write-is-reported-before-the-commit',
    in: 'commitBatch',
    replace: [
      'database.transact',
      `database.transact((ids) => (function* () {
        const early = yield* runBatch(steps, ids)
        for (const [index, outcome] of early.outcomes.entries()) resolveOrReject(batch[index], outcome, undefined)
        return early
      })())`,
    ],
    tests: ['sqlite-faults'],
  },
  {
    name: 'commit-into-a-lost-file-is-acknowledged',
    in: 'transact',
    property: ['fault', 'undefined'],
    tests: FILE,
  },
  { name: 'commit-hides-a-truncated-file', in: 'inTransaction', remove: 'guard.check', nth: 2, tests: FILE },
  { name: 'owner-of-the-file-is-not-checked', in: 'inTransaction', remove: 'guard.checkOwner', tests: FILE },
  { name: 'batch-does-not-wait-for-more', in: 'gather', assume: ['deadline', false], tests: QUEUE },
  { name: 'batch-waits-forever', in: 'gather', assume: ['deadline', true], tests: QUEUE },
  { name: 'batch-waits-while-the-queue-fills', in: 'hasRoom', assume: ['maxQueued', true], tests: QUEUE },
  {
    name: 'batch-waits-while-bytes-fill-the-queue',
    in: 'hasRoom',
    assume: ['maxQueuedBytes', true],
    tests: QUEUE,
  },
  {
    name: 'failing-step-fails-its-batch',
    in: 'commitBatch',
    replace: ['resolveOrReject', "resolveOrReject($0, outcomes.find((each) => 'error' in each) ?? $1, $2)"],
    tests: CONTRACT,
  },
  {
    name: 'failing-step-is-half-applied',
    in: 'createWorkingSet.apply',
    before: ['checkAbsent', 'for (const one in update) setAll(one as TableName, update)'],
    tests: ['working-set'],
  },
  {
    name: 'second-insert-counts-as-an-update',
    in: 'createWorkingSet.apply',
    remove: 'checkAbsent',
    tests: ['write-queue'],
  },
  {
    name: 'failing-write-fails-its-batch',
    in: 'commitBatch',
    assume: ['batch.length', true],
    tests: CONTRACT,
  },
  {
    name: 'batch-is-repeated-although-the-database-failed',
    in: 'commitBatch',
    assume: ['isUnavailable', false],
    tests: ['sqlite-faults'],
  },
  {
    name: 'failed-batch-is-committed',
    in: 'rollBack',
    word: ['ROLLBACK', 'COMMIT'],
    tests: [...QUEUE, ...CONTRACT],
  },
  {
    name: 'rejected-deliveries-are-numbered-separately',
    in: 'LAST.dlv',
    word: ['rejected_deliveries', 'deliveries'],
    tests: CONTRACT,
  },
  { name: 'run-is-numbered-below-the-sweep', in: 'LAST.run', word: ['sweep', 'none'], tests: CONTRACT },
  {
    name: 'number-of-another-process-is-used-again',
    in: 'createRowIds.readAgain',
    assign: ['isRead', 'true'],
    tests: ['sqlite-shared-database'],
  },
  {
    name: 'all-later-ids-have-the-same-bits',
    in: 'newCheck',
    assign: ['bytesUsed', 'bytesUsed > 0 ? 0 : $&'],
    nth: 2,
    tests: CONTRACT,
  },
  { name: 'queue-is-unbounded', in: 'createWriteQueue.run', assume: ['maxQueued', false], tests: QUEUE },
  { name: 'batch-is-unbounded', in: 'takeBatch', assume: ['limit', false], tests: QUEUE },
  {
    name: 'close-forgets-queued-writes',
    in: 'createWriteQueue.close',
    assume: ['queue.length', true],
    tests: CONTRACT,
  },
  {
    name: 'rejected-deliveries-wait-in-the-queue',
    in: 'createStore.keepRejected',
    replace: ['database.keepRejected', 'write({}).then(() => $&)'],
    tests: ['sqlite-rejected'],
  },
  { name: 'each-read-waits-for-a-locked-file', in: 'readTogether', assume: ['isBusy', false], tests: READS },
  { name: 'failing-read-fails-its-batch', in: 'readTogether', assume: ['isBusy', true], tests: READS },
  { name: 'decision-uses-a-stale-lookup', in: 'isStale', assume: ['touched.has', false], tests: CONTRACT },
  {
    name: 'step-does-not-see-the-unclaimed-delivery-before-it',
    in: 'subjectsOf',
    negate: "'not_requested'",
    tests: CONTRACT,
  },
  { name: 'deferred-step-is-dropped', in: 'commitBatch', assign: ['queue', '[...queue]'], tests: CONTRACT },
  {
    name: 'batch-of-reads-is-unbounded',
    in: 'readBatch',
    replace: ['requests.splice', 'requests.splice(0)'],
    tests: BATCHED_READS,
  },
  {
    name: 'close-forgets-waiting-reads',
    in: 'createStore.close',
    replace: ['assets.drain', 'undefined'],
    tests: READS,
  },
  {
    name: 'failing-batch-of-reads-never-ends',
    in: 'readBatch',
    remove: 'reject',
    nth: 2,
    tests: BATCHED_READS,
  },
  {
    name: 'statuses-change-after-the-response',
    in: 'commitBatch',
    replace: ['onCommit', 'setTimeout(onCommit, 50, $0)'],
    tests: ['webhook-durability'],
  },
  {
    name: 'commit-does-not-wait-for-incoming-webhooks',
    in: 'createService',
    property: ['hasPending', null],
    tests: ['webhook-bodies'],
  },
]
