const CONTRACT = ['test/store/sqlite-store.test.ts']
const FORGETTING = ['test/store/sqlite-forgetting.test.ts', ...CONTRACT]
const UPKEEP = { file: 'src/store/sqlite/upkeep.ts', tests: CONTRACT }
const REMOVAL = { file: 'src/store/sqlite/removal.ts', tests: FORGETTING }
const FORGET = { file: 'src/store/forget-asset.ts', tests: ['test/integration/forgetting.test.ts'] }
const SWEEP = { file: 'src/domain/overdue.ts', tests: ['test/unit/domain/overdue.test.ts'] }
const RETENTION = { file: 'src/domain/retention.ts', tests: ['test/unit/domain/retention.test.ts'] }

/** Faults in what goes through many rows: the sweep, pruning, retention, and what is forgotten. */
export const FAULTS_OF_UPKEEP = [
  {
    name: 'run-is-never-due',
    ...UPKEEP,
    find: 'due_at = ifnull(due_at, ?)',
    replace: 'due_at = iif(? < 0, 0, due_at)',
  },
  {
    name: 'sweep-puts-off-what-is-due',
    ...UPKEEP,
    find: 'due_at = ifnull(due_at, ?)',
    replace: 'due_at = ?',
  },
  {
    name: 'sweep-dates-the-future-into-the-future',
    ...UPKEEP,
    find: 'Math.min(requestedAt + overdueAfterMs, now)',
    replace: 'requestedAt + overdueAfterMs',
  },
  {
    name: 'sweep-marks-rejected-runs',
    ...UPKEEP,
    find: 'const isPending = status === 0 && hidden === null',
    replace: 'const isPending = status === 0',
  },
  {
    name: 'sweep-begins-again-each-time',
    ...UPKEEP,
    find: "if (position !== from) savePosition.run('sweep', position)",
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
    ...UPKEEP,
    find: "'DELETE FROM delivery_bodies WHERE n = ?'",
    replace: "'DELETE FROM deliveries WHERE n = ?'",
  },
  {
    name: 'pruning-removes-young-bodies',
    ...UPKEEP,
    find: 'if (receivedAt >= receivedBefore) continue',
    replace: '',
  },
  {
    name: 'pruning-passes-one-over',
    ...UPKEEP,
    find: 'return { pruned, next: n - 1 }',
    replace: 'return { pruned, next: n }',
  },
  {
    name: 'pruned-end-is-claimed-later',
    ...UPKEEP,
    find: 'if (isEnd === 1) deleteEnd.run(n)',
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
    ...UPKEEP,
    find: ' && n > (lastOld ??= findLastOldSubmission(rule.before))',
    replace: '',
  },
  {
    name: 'retention-deletes-what-is-under-way',
    ...UPKEEP,
    find: 'created_at, owner IS NOT NULL OR EXISTS',
    replace: 'created_at, EXISTS',
  },
  {
    name: 'retention-deletes-what-a-caller-waits-for',
    ...UPKEEP,
    find: ' OR EXISTS (SELECT 1 FROM notifications WHERE n = r.n AND due_at IS NOT NULL)',
    replace: '',
  },
  {
    name: 'retention-brings-an-earlier-status-back',
    ...UPKEEP,
    find: ' || (fileId !== null && isBehindKept(fileId))',
    replace: '',
  },
  {
    name: 'retention-deletes-many-bodies-at-once',
    ...UPKEEP,
    find: 'bytes += sumBodies.get(n, n) ?? 0',
    replace: '',
  },
  {
    name: 'retention-deletes-deliveries-of-kept-runs',
    ...UPKEEP,
    find: 'isNeeded: isRelated === 1',
    replace: 'isNeeded: isRelated === 2',
  },
  {
    name: 'retention-leaves-bodies',
    ...UPKEEP,
    find: '        deleteBody.run(n)\n        deleteDelivery',
    replace: '        deleteDelivery',
    tests: ['test/store/sqlite-deliveries.test.ts'],
  },
  { name: 'removal-leaves-bodies', ...REMOVAL, find: '    deleteBodies(deliveries)\n', replace: '' },
  {
    name: 'removal-leaves-what-was-applied',
    ...REMOVAL,
    find: 'SELECT settled_by FROM runs WHERE submission',
    replace: 'SELECT 0 FROM runs WHERE submission',
  },
  {
    name: 'removal-leaves-the-stored-response',
    ...REMOVAL,
    find: '    deleteKeys(submissions)\n',
    replace: '',
  },
  {
    name: 'what-was-forgotten-is-still-counted',
    ...REMOVAL,
    find: 'if (delta !== null) appendDelta(JSON.stringify(delta))',
    replace: '',
  },
  {
    name: 'what-was-forgotten-is-still-in-the-deltas',
    file: 'src/store/sqlite/sqlite-store.ts',
    find: 'while (await inTurn(() => stats.fold()));',
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
    find: 'if (known.length === 0 && !(await rows.hasDelivery(fileId))) return false',
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
