const CONTRACT = ['test/store/sqlite-store.test.ts']
const FORGETTING = ['test/store/sqlite-forgetting.test.ts', ...CONTRACT]
const UPKEEP = { file: 'src/store/sql/upkeep.ts', tests: CONTRACT }
const SWEPT = { file: 'src/store/sweep-overdue.ts', tests: CONTRACT }
const PRUNING = { file: 'src/store/prune-bodies.ts', tests: CONTRACT }
const DELETING = { file: 'src/store/delete-old-submissions.ts', tests: CONTRACT }
const REMOVING = { file: 'src/store/remove-submissions.ts', tests: FORGETTING }
const REMOVAL = { file: 'src/store/sql/removal.ts', tests: FORGETTING }
const FORGET = { file: 'src/store/forget-asset.ts', tests: ['test/integration/forgetting.test.ts'] }
const SWEEP = { file: 'src/domain/overdue.ts', tests: ['test/unit/domain/overdue.test.ts'] }
const RETENTION = { file: 'src/domain/retention.ts', tests: ['test/unit/domain/retention.test.ts'] }

/** Faults in jobs that process many rows: the sweep, pruning, retention and forgetting. */
export const FAULTS_OF_UPKEEP = [
  {
    name: 'run-is-never-due',
    ...UPKEEP,
    find: 'coalesce(due_at, CAST(given.c2 AS BIGINT))',
    replace: 'due_at',
  },
  {
    name: 'sweep-puts-off-what-is-due',
    ...UPKEEP,
    find: 'coalesce(due_at, CAST(given.c2 AS BIGINT))',
    replace: 'CAST(given.c2 AS BIGINT)',
  },
  {
    name: 'sweep-dates-the-future-into-the-future',
    ...SWEEP,
    find: 'Math.min(run.requestedAt + rule.overdueAfterMs, rule.now)',
    replace: 'run.requestedAt + rule.overdueAfterMs',
  },
  {
    name: 'sweep-marks-rejected-runs',
    ...UPKEEP,
    find: 'SELECT n, ${isPending()}, overdue',
    replace: 'SELECT n, status = 0, overdue',
  },
  {
    name: 'sweep-begins-again-each-time',
    ...SWEPT,
    find: 'if (swept !== undefined) yield* rows.saveSwept(swept)',
    replace: '',
  },
  {
    name: 'sweep-stops-too-early',
    ...SWEEP,
    find: '> now - overdueAfterMs',
    replace: '>= now - overdueAfterMs',
  },
  {
    name: 'sweep-stops-at-the-future',
    ...SWEEP,
    find: ' && requestedAt <= now + CLOCK_SLACK_MS',
    replace: '',
  },
  { name: 'sweep-passes-young-runs', ...SWEEP, find: "return 'stop'", replace: "return 'pass'" },
  {
    name: 'pruning-removes-rows',
    ...REMOVAL,
    find: 'DELETE FROM delivery_bodies WHERE',
    replace: 'DELETE FROM deliveries WHERE',
  },
  {
    name: 'pruning-removes-young-bodies',
    ...RETENTION,
    find: 'if (body.receivedAt >= receivedBefore) continue',
    replace: '',
  },
  {
    name: 'pruning-passes-one-over',
    ...RETENTION,
    find: 'if (bytes >= MAX_DELETED_BYTES) break\n    next = body.n',
    replace: 'next = body.n\n    if (bytes >= MAX_DELETED_BYTES) break',
  },
  {
    name: 'pruned-end-is-claimed-later',
    ...PRUNING,
    find: 'yield* rows.deleteEnds(old.flatMap(({ n, isEnd }) => (isEnd ? n : [])))',
    replace: '',
  },
  {
    name: 'retention-deletes-what-is-pending',
    ...RETENTION,
    find: "return isNeeded ? 'keep' : 'delete'",
    replace: "return 'delete'",
  },
  {
    name: 'retention-stops-at-the-future',
    ...RETENTION,
    find: "return 'keep'\n",
    replace: "return 'young'\n",
  },
  {
    name: 'retention-stops-where-a-clock-was-ahead',
    ...DELETING,
    find: 'hasYoung ? yield* findLastOld(rows, table, createdBefore) : 0',
    replace: '0',
  },
  {
    name: 'retention-deletes-what-is-under-way',
    ...RETENTION,
    find: 'uses.isBeingSubmitted || ',
    replace: '',
  },
  {
    name: 'retention-deletes-what-a-caller-waits-for',
    ...RETENTION,
    find: ' || uses.isCallerToBeNotified',
    replace: '',
  },
  {
    name: 'retention-brings-an-earlier-status-back',
    ...RETENTION,
    find: 'isNeeded || isBehindKept',
    replace: 'isNeeded',
  },
  {
    name: 'retention-passes-over-what-an-earlier-step-kept',
    ...UPKEEP,
    find: 'EXISTS (SELECT 1 FROM submissions WHERE file_id = s.file_id AND n <= ?)',
    replace: '? < 0',
  },
  {
    name: 'retention-ends-before-the-deliveries',
    ...DELETING,
    find: "next: going ?? { table: 'deliveries', n: 0 }",
    replace: 'next: going',
  },
  {
    name: 'removal-keeps-runs-current',
    ...REMOVING,
    find: '  yield* rows.refreshCurrent(new Map([...fileIds].map((fileId) => [fileId, names])))\n',
    replace: '',
  },
  {
    name: 'retention-deletes-many-bodies-at-once',
    ...RETENTION,
    find: 'bytes += size',
    replace: '',
  },
  {
    name: 'retention-deletes-deliveries-of-kept-runs',
    ...UPKEEP,
    find: 'd.run IS NOT NULL OR d.submission IS NOT NULL',
    replace: '0',
  },
  {
    name: 'retention-leaves-bodies',
    ...REMOVAL,
    find: '      yield* removal.deleteBodies(numbers)\n',
    replace: '',
    tests: ['test/store/sqlite-deliveries.test.ts'],
  },
  {
    name: 'removal-leaves-bodies',
    ...REMOVAL,
    find: 'removal.deleteDeliveries(recorded.map(([n]) => n))',
    replace: 'deleteDeliveries(JSON.stringify(recorded.map(([n]) => n)))',
  },
  {
    name: 'removal-leaves-what-was-applied',
    ...REMOVAL,
    find: 'SELECT settled_by FROM runs WHERE submission',
    replace: 'SELECT 0 FROM runs WHERE submission',
  },
  {
    name: 'removal-leaves-the-stored-response',
    ...REMOVAL,
    find: '    `DELETE FROM idempotency_keys WHERE submission ${inNumbers}`,\n',
    replace: '',
  },
  {
    name: 'what-was-forgotten-is-still-counted',
    ...REMOVING,
    find: 'if (delta !== null) yield* rows.appendDelta(delta)',
    replace: '',
  },
  {
    name: 'what-was-forgotten-is-still-in-the-deltas',
    ...FORGET,
    find: 'while (await runExclusive((rows) => foldCounters(rows)));',
    replace: '',
    tests: FORGETTING,
  },
  {
    name: 'audit-log-is-rewritten-at-once',
    ...FORGET,
    find: 'const ENTRIES_AT_ONCE = 1_000',
    replace: 'const ENTRIES_AT_ONCE = 1_000_000',
  },
  {
    name: 'unknown-asset-is-forgotten',
    ...FORGET,
    find: 'if (known.length === 0 && !(await read((rows) => rows.hasDelivery(fileId)))) return false',
    replace: '',
  },
  {
    name: 'asset-is-forgotten-in-one-step',
    ...FORGET,
    find: 'const SUBMISSIONS_AT_ONCE = 50',
    replace: 'const SUBMISSIONS_AT_ONCE = 50_000',
  },
  {
    name: 'current-runs-are-forgotten-first',
    ...FORGET,
    find: 'piece.filter((n) => !current.has(n))',
    replace: 'piece.filter((n) => current.size >= 0 || n)',
    tests: FORGETTING,
  },
  {
    name: 'forgotten-names-stay-in-the-texts',
    ...FORGET,
    find: 'if (JSON.stringify(hidden) !== written)',
    replace: 'if (JSON.stringify(hidden) === written)',
    tests: FORGETTING,
  },
  {
    name: 'forgotten-ids-stay-in-the-texts',
    ...FORGET,
    find: '(ids.has(id) ? nameless(id) : id)',
    replace: 'id',
    tests: CONTRACT,
  },
]
