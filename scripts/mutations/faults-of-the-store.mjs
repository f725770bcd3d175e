const QUEUE = { file: 'src/store/write-queue.ts', tests: ['test/store/group-commit.test.ts'] }
const FILE = {
  file: 'src/store/sqlite/transactions.ts',
  tests: ['test/integration/database-file.sqlite.test.ts'],
}
const GATHERED = { file: 'src/store/gathered-reads.ts', tests: ['test/unit/store/gathered-reads.test.ts'] }
const READS = { file: 'src/store/sqlite/transactions.ts', tests: ['test/store/reads-together.test.ts'] }
const POWER = { file: 'src/store/sqlite/connection.ts', tests: ['test/chaos/power-loss.linux.test.ts'] }
const CONTRACT = ['test/store/sqlite-store.test.ts']

/** Faults in `src/store`: a write that is lost, half done, or reported too early. */
export const FAULTS_OF_THE_STORE = [
  { name: 'synchronous-off', ...POWER, find: "'synchronous = FULL'", replace: "'synchronous = OFF'" },
  { name: 'synchronous-normal', ...POWER, find: "'synchronous = FULL'", replace: "'synchronous = NORMAL'" },
  {
    name: 'answer-before-the-sync',
    file: 'src/store/sqlite/transactions.ts',
    find: 'commit.run()',
    replace: 'setImmediate(() => commit.run())',
    tests: ['test/chaos/power-loss.linux.test.ts'],
  },
  {
    name: 'answer-before-the-commit',
    file: 'src/store/write-queue.ts',
    find: 'database.transact((ids) => runBatch(steps, ids))',
    replace: `database.transact((ids) =>
        (function* () {
          const early = yield* runBatch(steps, ids)
          for (const [index, outcome] of early.outcomes.entries()) settle(batch[index], outcome, undefined)
          return early
        })(),
      )`,
    tests: ['test/store/sqlite-faults.test.ts'],
  },
  {
    name: 'commit-into-a-lost-file',
    ...FILE,
    find: 'perform(makeBatch(ids))),\n      fault: findFault(),',
    replace: 'perform(makeBatch(ids))),\n      fault: undefined,',
  },
  {
    name: 'commit-that-hides-a-truncation',
    ...FILE,
    find: 'guard.check()\n      commit.run()',
    replace: 'commit.run()',
  },
  { name: 'owner-not-checked', ...FILE, find: 'guard.checkOwner()\n', replace: '' },
  {
    name: 'batch-does-not-wait-for-more',
    ...QUEUE,
    find: 'performance.now() < deadline',
    replace: 'deadline < 0',
  },
  {
    name: 'batch-waits-for-ever',
    ...QUEUE,
    find: ' && performance.now() < deadline)',
    replace: ')',
  },
  {
    name: 'batch-waits-while-the-queue-fills',
    ...QUEUE,
    find: 'queue.length * 4 < maxQueued && ',
    replace: '',
  },
  {
    name: 'batch-waits-while-bytes-fill-it',
    ...QUEUE,
    find: ' && queuedBytes * 4 < maxQueuedBytes',
    replace: '',
  },
  {
    name: 'failing-step-takes-its-neighbours',
    file: 'src/store/write-queue.ts',
    find: 'settle(batch[index], outcome, fault)',
    replace: "settle(batch[index], outcomes.find((each) => 'error' in each) ?? outcome, fault)",
    tests: CONTRACT,
  },
  {
    name: 'failing-step-half-kept',
    file: 'src/store/working-set.ts',
    find: 'for (const table in insert) checkAbsent(table as TableName, insert)',
    replace: `for (const table in update) setAll(table as TableName, update)
      for (const table in insert) checkAbsent(table as TableName, insert)`,
    tests: ['test/unit/store/working-set.test.ts'],
  },
  {
    name: 'insert-taken-for-an-update',
    file: 'src/store/working-set.ts',
    find: 'for (const table in insert) checkAbsent(table as TableName, insert)',
    replace: '',
    tests: ['test/unit/store/write-queue.test.ts'],
  },
  {
    name: 'failing-write-takes-its-neighbours',
    file: 'src/store/write-queue.ts',
    find: 'isRejected || batch.length === 1',
    replace: 'isRejected || batch.length > 0',
    tests: CONTRACT,
  },
  {
    name: 'lost-batch-is-done-again',
    file: 'src/store/write-queue.ts',
    find: 'isRejected || batch.length === 1',
    replace: 'batch.length === 1',
    tests: ['test/store/sqlite-faults.test.ts'],
  },
  {
    name: 'failed-batch-kept-and-done-again',
    file: 'src/store/sqlite/transactions.ts',
    find: "connection.exec('ROLLBACK')",
    replace: "connection.exec('COMMIT')",
    tests: ['test/store/group-commit.test.ts', ...CONTRACT],
  },
  {
    name: 'rejected-deliveries-are-numbered-apart',
    file: 'src/store/sqlite/row-ids.ts',
    find: 'coalesce((SELECT max(n) FROM rejected_deliveries), 0)',
    replace: '0',
    tests: CONTRACT,
  },
  {
    name: 'run-is-numbered-below-the-sweep',
    file: 'src/store/sqlite/row-ids.ts',
    find: "coalesce((SELECT n FROM positions WHERE name = 'sweep'), 0)",
    replace: '0',
    tests: CONTRACT,
  },
  {
    name: 'number-of-another-process-is-taken-again',
    file: 'src/store/sqlite/row-ids.ts',
    find: 'readAgain() {\n      isRead = false',
    replace: 'readAgain() {',
    tests: ['test/store/sqlite-two-handles.test.ts'],
  },
  {
    name: 'ids-of-one-transaction-have-the-same-bits',
    file: 'src/store/id-checks.ts',
    find: 'taken += CHECK_BYTES\n',
    replace: 'taken ||= CHECK_BYTES\n',
    tests: CONTRACT,
  },
  {
    name: 'queue-unbounded',
    ...QUEUE,
    find: 'queue.length >= maxQueued || ',
    replace: '',
  },
  { name: 'batch-unbounded', ...QUEUE, find: ' || batch.length === limit', replace: '' },
  {
    name: 'close-forgets-what-is-queued',
    file: 'src/store/write-queue.ts',
    find: 'if (queue.length === 0 && underWay === 0) return\n',
    replace: 'if (underWay === 0) return\n',
    tests: CONTRACT,
  },
  {
    name: 'wrong-clock-prunes',
    file: 'src/domain/due-time.ts',
    find: 'now - last.trustedAt > DAY_MS',
    replace: 'now < last.trustedAt',
    tests: ['test/integration/pruning-clock.test.ts'],
  },
  {
    name: 'dot-segment-is-a-file-id',
    file: 'src/domain/file-id.ts',
    find: String.raw`\.{1,2}|status|retry`,
    replace: 'status|retry',
    tests: ['test/http/file-ids.test.ts'],
  },
  {
    name: 'rejected-through-the-queue',
    file: 'src/store/create-store.ts',
    find: 'keepRejected: (rejected) => database.keepRejected(rejected),',
    replace: 'keepRejected: (rejected) => write({}).then(() => database.keepRejected(rejected)),',
    tests: ['test/store/sqlite-rejected.test.ts'],
  },
  {
    name: 'held-file-waited-for-by-each-read',
    ...READS,
    find: 'if (isBusy(error)) throw error',
    replace: '',
  },
  { name: 'failing-read-takes-its-neighbours', ...READS, find: 'if (isBusy(error)) throw', replace: 'throw' },
  {
    name: 'stale-lookup-decided-anyway',
    file: 'src/store/working-set.ts',
    find: 'return subject !== undefined && touched.has(subject)',
    replace: "return subject !== undefined && touched.has('')",
    tests: CONTRACT,
  },
  {
    name: 'step-does-not-see-the-delivery-before-it',
    file: 'src/store/working-set.ts',
    find: "submissionId === null || cause !== 'not_requested'",
    replace: "submissionId === null || cause === 'not_requested'",
    tests: CONTRACT,
  },
  {
    name: 'deferred-step-is-dropped',
    file: 'src/store/write-queue.ts',
    find: 'queue = [...deferred, ...queue]',
    replace: 'queue = [...queue]',
    tests: CONTRACT,
  },
  {
    name: 'reads-unbounded',
    ...GATHERED,
    find: 'requests.splice(0, MAX_BATCH)',
    replace: 'requests.splice(0)',
  },
  {
    name: 'close-forgets-what-is-asked-for',
    ...READS,
    file: 'src/store/create-store.ts',
    find: 'assets.drain(), ',
    replace: '',
  },
  {
    name: 'gathered-reads-that-fail-never-end',
    ...GATHERED,
    find: 'for (const { reject } of batch) reject(error)',
    replace: '',
  },
  {
    name: 'no-rejected-delivery-is-proven',
    file: 'src/store/keep-rejected.ts',
    find: 'isProven: one.submissionId !== null',
    replace: 'isProven: false',
    tests: ['test/unit/store/keep-rejected.test.ts'],
  },
  {
    name: 'eviction-stops-too-early',
    file: 'src/store/keep-rejected.ts',
    find: 'if (evicted.length < CONSIDERED) return',
    replace: 'return',
    tests: ['test/unit/store/keep-rejected.test.ts'],
  },
]
