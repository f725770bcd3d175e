const CONTRACT = ['test/store/sqlite-store.test.ts']
const WINDOWS = { file: 'src/store/read-list.ts', tests: ['test/unit/store/read-list.test.ts'] }
const RUNS = { file: 'src/store/sql/list-runs.ts', tests: CONTRACT }
const LISTS = { file: 'src/store/lists.ts', tests: CONTRACT }
const DELIVERIES = { file: 'src/store/sql/list-deliveries.ts', tests: CONTRACT }

/** Faults in lists and their pages: a row is missing, repeated, or does not match the filter. */
export const FAULTS_OF_THE_LISTS = [
  { name: 'window-leaves-its-edge-out', ...WINDOWS, find: 'end = start\n', replace: 'end = start - 1\n' },
  {
    name: 'window-begins-with-the-one-before',
    ...WINDOWS,
    find: 'end = start\n',
    replace: 'end = start + 1\n',
  },
  {
    name: 'page-repeats-the-end-of-the-last',
    ...WINDOWS,
    find: 'next: source.numberOf(last) }',
    replace: 'next: source.numberOf(last) + 1 }',
  },
  {
    name: 'page-leaves-one-out',
    ...WINDOWS,
    find: 'next: source.numberOf(last) }',
    replace: 'next: source.numberOf(last) - 1 }',
  },
  {
    name: 'page-takes-any-time',
    ...WINDOWS,
    find: 'now - startedAt > PAGE_MS',
    replace: 'now - startedAt > Number.POSITIVE_INFINITY',
  },
  {
    name: 'page-keeps-the-loop-to-itself',
    ...WINDOWS,
    find: 'now - turnAt > TURN_MS',
    replace: 'now - turnAt > Number.POSITIVE_INFINITY',
  },
  {
    name: 'rejected-runs-are-listed',
    ...RUNS,
    find: 'number: `${byRun(notIndexed)} r.hidden IS NULL`',
    replace: 'number: `${byRun(notIndexed)} true`',
  },
  {
    name: 'end-of-a-time-is-not-asked-for',
    ...RUNS,
    find: "['r.requested_at < ?', filter.until],",
    replace: '',
  },
  {
    name: 'seen-and-unseen-are-listed-alike',
    ...RUNS,
    find: 'acknowledged === null ? null : Number(acknowledged)',
    replace: 'acknowledged === true ? 1 : null',
  },
  {
    name: 'hour-that-has-begun-is-left-out',
    ...WINDOWS,
    find: 'hourOf(until - 1)',
    replace: 'hourOf(until) - 1',
  },
  {
    name: 'overdue-runs-are-not-pending',
    ...LISTS,
    find: 'if (newer.length >= limit || below.from >= below.before) return newer',
    replace: 'if (newer.length >= 0) return newer',
  },
  {
    name: 'first-behind-the-sweep-is-not-pending',
    ...LISTS,
    find: 'Math.max(from, swept + 1), before }',
    replace: 'Math.max(from, swept + 2), before }',
  },
  {
    name: 'last-of-the-sweep-is-not-pending',
    ...LISTS,
    find: 'Math.min(before, swept + 1) }',
    replace: 'Math.min(before, swept) }',
  },
  {
    name: 'name-ends-where-the-search-does',
    ...RUNS,
    find: 'prefix === null ? null : prefix + LAST_CHARACTER',
    replace: "prefix === null ? null : prefix + '!'",
  },
  {
    name: 'oldest-pending-is-the-oldest-overdue',
    file: 'src/store/oldest-pending.ts',
    find: 'overdue && found && numberOf(found.runId) < numberOf(overdue.runId) ? found : (overdue ?? found)',
    replace: 'overdue ?? found',
    tests: CONTRACT,
  },
  {
    name: 'service-of-a-delivery-is-not-asked-for',
    ...DELIVERIES,
    find: "['d.service = ?', service],",
    replace: '',
  },
  {
    name: 'beginning-of-a-time-is-not-asked-for',
    ...DELIVERIES,
    find: "['d.received_at >= ?', since],",
    replace: '',
  },
  {
    name: 'cause-of-a-rejected-one-is-not-asked-for',
    file: 'src/store/sql/rejected-deliveries.ts',
    tests: CONTRACT,
    find: 'cause = coalesce(?, cause)',
    replace: "cause <> coalesce(?, '')",
  },
  {
    name: 'row-of-two-branches-is-listed-twice',
    ...WINDOWS,
    find: 'found.set(idOf(row), row)',
    replace: 'found.set(String(found.size), row)',
  },
  {
    name: 'page-of-deliveries-leaves-one-out',
    ...WINDOWS,
    find: 'before ?? bounds.before)',
    replace: 'before === null ? bounds.before : before - 1)',
  },
  {
    name: 'applied-delivery-names-no-file',
    file: 'src/store/sql/rows.ts',
    find: 'CASE WHEN d.exception IS NULL THEN s.file_id ELSE d.file_id END',
    replace: 'd.file_id',
    tests: CONTRACT,
  },
  {
    name: 'applied-deliveries-of-a-file-are-not-found',
    ...DELIVERIES,
    find: 'WHERE r.settled_by > 0\n',
    replace: 'WHERE r.settled_by < 0\n',
  },
  {
    name: 'rejected-delivery-of-another-database-is-found',
    file: 'src/store/sql/rejected-deliveries.ts',
    find: 'WHERE n = ? AND chk = ?',
    replace: "WHERE n = ? AND ? <> ''",
    tests: CONTRACT,
  },
]
