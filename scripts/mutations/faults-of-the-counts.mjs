const COUNTS = ['test/store/sqlite-counts.test.ts', 'test/store/sqlite-store.test.ts']
const STATS = { file: 'src/store/sql/stats.ts', tests: COUNTS }
const FOLDING = { file: 'src/store/fold-counters.ts', tests: COUNTS }
const COUNTERS = { file: 'src/domain/stat-counters.ts', tests: COUNTS }
const CAUSES = { file: 'src/domain/failure-cause.ts', tests: ['test/unit/domain/failure-cause.test.ts'] }

/** Faults in counting: something is not added yet, added twice, or never existed. */
export const FAULTS_OF_THE_COUNTS = [
  {
    name: 'failed-batch-is-counted',
    file: 'src/store/sql/write-changes.ts',
    find: 'if (stats !== null) to.appendDelta(JSON.stringify(stats))',
    replace: `queueMicrotask(() => {
      try {
        if (stats !== null) to.appendDelta(JSON.stringify(stats))
      } catch {}
    })`,
    tests: COUNTS,
  },
  {
    name: 'counts-are-read-when-added-up-only',
    ...STATS,
    find: 'if (delta !== null) deltas.push(delta)\n        else if',
    replace: 'if (delta !== null) continue\n        else if',
  },
  {
    name: 'hours-are-read-when-added-up-only',
    file: 'src/store/sql/list-rows.ts',
    tests: COUNTS,
    find: 'UNION ALL ${hoursOfDeltas})',
    replace: 'UNION ALL ${hoursOfDeltas} LIMIT 0)',
  },
  {
    name: 'what-was-added-up-is-kept',
    ...FOLDING,
    find: '  yield* rows.deleteDeltas(folded.numbers)\n',
    replace: '',
  },
  {
    name: 'what-was-not-added-up-is-deleted',
    ...STATS,
    find: '`DELETE FROM counter_deltas WHERE n ${inNumbers}`',
    replace: '`DELETE FROM counter_deltas WHERE n ${inNumbers} OR true`',
  },
  {
    name: 'each-batch-replaces-the-one-before',
    ...COUNTERS,
    find: 'for (const counter of changed.counters) addTo(sums, counter)',
    replace: 'sums.clear(); for (const counter of changed.counters) addTo(sums, counter)',
  },
  {
    name: 'each-sum-replaces-the-one-before',
    ...STATS,
    find: 'SET size = ${table}.size + excluded.size',
    replace: 'SET size = excluded.size',
  },
  {
    name: 'days-are-not-added-up',
    ...FOLDING,
    find: '  yield* rows.addDayCounters(sumByDay(folded.counters))\n',
    replace: '',
  },
  {
    name: 'whole-days-are-read-hour-by-hour-too',
    file: 'src/domain/stat-counters.ts',
    tests: COUNTS,
    find: '[days[1] * DAY_HOURS, until]',
    replace: '[days[0] * DAY_HOURS, until]',
  },
  {
    name: 'hours-are-not-added-up',
    ...FOLDING,
    find: '  yield* rows.widenHours(folded.hours)\n',
    replace: '',
  },
  {
    name: 'hours-shrink',
    ...STATS,
    find: "widened('run_least', '<')",
    replace: "widened('run_least', '>')",
  },
  {
    name: 'many-changes-are-folded-at-once',
    ...COUNTERS,
    find: 'if (changes >= MAX_CHANGES) break',
    replace: '',
  },
  {
    name: 'acknowledgement-is-not-counted',
    file: 'src/domain/stat-counters.ts',
    find: ' && isSeen(one) === isSeen(other)',
    replace: '',
    tests: COUNTS,
  },
  {
    name: 'rejected-runs-are-counted',
    file: 'src/domain/stat-counters.ts',
    find: 'const now = after?.isListed ? after : undefined',
    replace: 'const now = after',
    tests: COUNTS,
  },
  { name: 'causes-without-a-limit', ...CAUSES, find: '      .slice(0, MAX_CAUSES),\n', replace: '' },
  {
    name: 'rare-causes-are-not-the-others',
    file: 'src/domain/failure-cause.ts',
    find: ': { ...one, cause: OTHER_CAUSE },',
    replace: ': one,',
    tests: [...CAUSES.tests, ...COUNTS],
  },
  {
    name: 'other-causes-are-the-frequent-ones',
    file: 'src/store/sql/list-runs.ts',
    find: 'NOT IN (${givenRows(2)})',
    replace: 'IN (${givenRows(2)})',
    tests: COUNTS,
  },
]
