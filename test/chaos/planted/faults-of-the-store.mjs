const QUEUE = { file: 'src/store/sqlite/commit-queue.ts', tests: ['test/store/group-commit.test.ts'] }
const FILE = {
  file: 'src/store/sqlite/commit-queue.ts',
  tests: ['test/integration/database-file.test.ts'],
}
const READS = { file: 'src/store/sqlite/gathered-reads.ts', tests: ['test/store/gathered-reads.test.ts'] }
const POWER = { file: 'src/store/sqlite/connection.ts', tests: ['test/chaos/power-loss.linux.test.ts'] }
const CONTRACT = ['test/store/sqlite-store.test.ts']

/** Faults in `src/store`: a write that is lost, half done, or told too early. */
export const FAULTS_OF_THE_STORE = [
  { name: 'synchronous-off', ...POWER, find: "'synchronous = FULL'", replace: "'synchronous = OFF'" },
  { name: 'synchronous-normal', ...POWER, find: "'synchronous = FULL'", replace: "'synchronous = NORMAL'" },
  {
    name: 'answer-before-the-sync',
    file: 'src/store/sqlite/commit-queue.ts',
    find: 'transaction.commit.run()',
    replace: 'setImmediate(() => transaction.commit.run())',
    tests: ['test/chaos/power-loss.linux.test.ts'],
  },
  {
    name: 'answer-before-the-commit',
    file: 'src/store/sqlite/commit-queue.ts',
    find: 'transaction.commit.run()',
    replace:
      "for (const each of done) if ('result' in each) each.job.resolve(each.result)\n      transaction.commit.run()",
    tests: ['test/store/sqlite-faults.test.ts'],
  },
  {
    name: 'commit-into-a-lost-file',
    ...FILE,
    find: 'const fault = counts && guard.findFault()',
    replace: 'const fault = counts && guard.lastFault()',
  },
  {
    name: 'commit-that-hides-a-truncation',
    ...FILE,
    find: '      guard.checkFile()\n',
    replace: '',
  },
  { name: 'owner-not-checked', ...FILE, find: '    guard.checkOwner()\n', replace: '' },
  {
    name: 'batch-does-not-wait-for-more',
    ...QUEUE,
    find: 'if (hasRoom && isMoreComing() && performance.now() < deadline)',
    replace: 'if (hasRoom && isMoreComing() && deadline < 0)',
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
    file: 'src/store/sqlite/commit-queue.ts',
    find: 'if (!connection.inTransaction) throw error\n      transaction.rollBack.run()',
    replace: 'throw error',
    tests: CONTRACT,
  },
  {
    name: 'failing-step-half-kept',
    file: 'src/store/sqlite/commit-queue.ts',
    find: 'transaction.rollBack.run()',
    replace: '',
    tests: CONTRACT,
  },
  {
    name: 'failed-batch-kept-and-done-again',
    file: 'src/store/sqlite/commit-queue.ts',
    find: 'transaction.rollBackAll.run()\n      counted.rollBackTo(0)\n      transaction.begin.run()',
    replace: 'counted.rollBackTo(0)',
    tests: CONTRACT,
  },
  {
    name: 'failed-batch-counted-again',
    file: 'src/store/sqlite/commit-queue.ts',
    find: 'counted.rollBackTo(0)',
    replace: '',
    tests: ['test/store/sqlite-counts.test.ts', ...CONTRACT],
  },
  {
    name: 'queue-unbounded',
    ...QUEUE,
    find: 'queue.length >= maxQueued',
    replace: 'queue.length >= Number.POSITIVE_INFINITY',
  },
  { name: 'batch-unbounded', ...QUEUE, find: 'queue.splice(0, MAX_BATCH)', replace: 'queue.splice(0)' },
  {
    name: 'close-forgets-what-is-queued',
    file: 'src/store/sqlite/commit-queue.ts',
    find: 'while (queue.length > 0) commitNext()',
    replace: '',
    tests: CONTRACT,
  },
  {
    name: 'effect-without-its-delivery',
    file: 'src/store/sqlite/record-delivery.ts',
    find: '  keep(writer, delivery, recorded, seq)\n',
    replace:
      '  queueMicrotask(() => {\n    try {\n      keep(writer, delivery, recorded, seq)\n    } catch {}\n  })\n',
    tests: CONTRACT,
  },
  {
    name: 'unknown-submission-ignored',
    file: 'src/store/sqlite/record-delivery.ts',
    find: "return { outcome: 'rejected', cause: 'unknown_submission', fileId: null, runId: null }",
    replace: 'return keepNothing(statements, delivery)',
    tests: ['test/integration/unknown-submission.test.ts', ...CONTRACT],
  },
  {
    name: 'notification-outside-the-transaction',
    file: 'src/store/sqlite/record-delivery.ts',
    find: 'oweNotifications(writer, stored, judgement, receivedAt, () => body.toString())',
    replace:
      'queueMicrotask(() => oweNotifications(writer, stored, judgement, receivedAt, () => body.toString()))',
    tests: CONTRACT,
  },
  {
    name: 'account-event-takes-effect-twice',
    file: 'src/store/sqlite/record-account-delivery.ts',
    find: 'eventId !== null && writer.statements.findEvent.get({ eventId }) !== undefined',
    replace: 'eventId !== null && eventId.length > 1000',
    tests: CONTRACT,
  },
  {
    name: 'account-event-makes-nothing-due',
    file: 'src/store/sqlite/finding-statements.ts',
    find: 'min(${runs.dueAt}, ${placeholder(',
    replace: 'max(${runs.dueAt}, ${placeholder(',
    tests: CONTRACT,
  },
  {
    name: 'rejected-submission-is-current',
    file: 'src/store/sqlite/submission-statements.ts',
    find: "and(eq(submissions.fileId, placeholder('fileId')), ne(submissions.state, 'rejected'))",
    replace: "eq(submissions.fileId, placeholder('fileId'))",
    tests: CONTRACT,
  },
  {
    name: 'foreign-uploads-swept',
    file: 'src/store/sqlite/submission-statements.ts',
    find: ", ne(submissions.kind, 'external'))",
    replace: ')',
    tests: CONTRACT,
  },
  {
    name: 'run-is-never-due',
    file: 'src/store/sqlite/submission-steps.ts',
    find: '{ submissionSeq: seq, dueAt, isListed: true }',
    replace: '{ submissionSeq: seq, dueAt: null, isListed: true }',
    tests: CONTRACT,
  },
  {
    name: 'pruning-removes-rows',
    file: 'src/store/sqlite/delivery-statements.ts',
    find: `.delete(deliveryBodies)
      .where(eq(deliveryBodies.deliverySeq, placeholder('seq')))`,
    replace: ".delete(deliveries)\n      .where(eq(deliveries.seq, placeholder('seq')))",
    tests: CONTRACT,
  },
  {
    name: 'refused-through-the-queue',
    file: 'src/store/sqlite/sqlite-store.ts',
    find: 'attempt(() => keepApart.immediate(statements, refused))',
    replace: 'commit(() => keepRefused(statements, refused))',
    tests: ['test/store/sqlite-refused.test.ts'],
  },
  {
    name: 'held-file-waited-for-by-each-read',
    ...READS,
    find: 'if (isBusy(error)) throw error',
    replace: '',
  },
  { name: 'failing-read-takes-its-neighbours', ...READS, find: 'if (isBusy(error)) throw', replace: 'throw' },
  {
    name: 'step-does-not-see-the-delivery-before-it',
    file: 'src/store/sqlite/commit-queue.ts',
    find: 'if (!job.ignoresLeft) left.write()',
    replace: '',
    tests: CONTRACT,
  },
  {
    name: 'delivery-of-a-failed-step-is-kept',
    file: 'src/store/sqlite/kept-deliveries.ts',
    find: `drop() {
      left = []`,
    replace: 'drop() {',
    tests: ['test/store/group-commit.test.ts', ...CONTRACT],
  },
  { name: 'reads-unbounded', ...READS, find: 'asked.splice(0, MAX_BATCH)', replace: 'asked.splice(0)' },
  {
    name: 'close-forgets-what-is-asked-for',
    ...READS,
    file: 'src/store/sqlite/sqlite-store.ts',
    find: 'assets.drain()',
    replace: '',
  },
]
