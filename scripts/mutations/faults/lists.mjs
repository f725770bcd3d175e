// See `../faults.mjs` for how a fault is written (`in`, `nth`), and `../edits.mjs` for its operators (`assume`, …) and `$&`.

const CONTRACT = ['sqlite-store']
const WINDOWS = ['list-pages']

/**
 * A row is missing from a list, is repeated, lacks a value or does not match the filter; reading a page takes too long or blocks the
 * event loop; or a lookup finds the wrong row.
 */
export const FAULTS_IN_LISTS = [
  { name: 'window-skips-a-row', in: 'readWindows', assign: ['end', 'start - 1'], tests: WINDOWS },
  { name: 'window-repeats-a-row', in: 'readWindows', assign: ['end', 'start + 1'], tests: WINDOWS },
  {
    name: 'page-repeats-the-last-row',
    in: 'readWindows',
    replace: ['source.numberOf', '$& + 1'],
    tests: WINDOWS,
  },
  { name: 'page-skips-a-row', in: 'readWindows', replace: ['source.numberOf', '$& - 1'], tests: WINDOWS },
  { name: 'page-takes-unlimited-time', in: 'readWindows', assume: ['PAGE_MS', false], tests: WINDOWS },
  {
    name: 'page-blocks-the-event-loop',
    in: 'readWindows',
    assume: ['YIELD_AFTER_MS', false],
    tests: WINDOWS,
  },
  {
    name: 'rejected-runs-are-listed',
    in: 'createSources.number',
    word: ['r.hidden', 'NULL'],
    tests: CONTRACT,
  },
  {
    name: 'end-of-a-period-is-ignored',
    in: 'createRunRows.found',
    replace: ['filter.until', 'null'],
    tests: CONTRACT,
  },
  {
    name: 'unacknowledged-filter-is-ignored',
    in: 'createRunRows.found',
    replace: ['Number', '(acknowledged ? 1 : null)'],
    tests: CONTRACT,
  },
  {
    name: 'last-incomplete-hour-is-skipped',
    in: 'readList',
    replace: ['hourOf', 'hourOf($0 + 1) - 1'],
    nth: 2,
    tests: WINDOWS,
  },
  {
    name: 'overdue-runs-are-not-pending',
    in: 'readPending',
    assume: ['newer.length', true],
    tests: CONTRACT,
  },
  {
    name: 'first-run-after-the-sweep-is-skipped',
    in: 'readPending.above',
    replace: ['swept', 'swept + 1'],
    tests: CONTRACT,
  },
  {
    name: 'last-run-of-the-sweep-is-skipped',
    in: 'readPending.below',
    replace: ['swept', 'swept - 1'],
    tests: CONTRACT,
  },
  {
    name: 'name-prefix-finds-only-complete-names',
    in: 'createRunRows.found',
    replace: ['LAST_CHARACTER', "'!'"],
    tests: CONTRACT,
  },
  {
    name: 'oldest-pending-run-is-the-oldest-overdue-one',
    in: 'findOldestPending',
    assume: ['numberOf', false],
    nth: 2,
    tests: CONTRACT,
  },
  {
    name: 'service-of-a-delivery-is-ignored',
    in: 'readRecorded',
    replace: ['service', 'null'],
    nth: 1,
    tests: CONTRACT,
  },
  {
    name: 'start-of-a-period-is-ignored',
    in: 'readRecorded',
    replace: ['since', 'null'],
    nth: 1,
    tests: CONTRACT,
  },
  {
    name: 'cause-of-a-rejected-delivery-is-ignored',
    in: 'createRejectedDeliveries.list',
    word: ['cause', "'' <> cause OR cause"],
    nth: 1,
    tests: CONTRACT,
  },
  {
    name: 'row-of-two-branches-is-listed-twice',
    in: 'readList.read',
    replace: ['idOf', 'String(found.size)'],
    tests: WINDOWS,
  },
  {
    name: 'later-page-of-a-list-skips-a-row',
    in: 'readList.window',
    replace: ['Math.min', '(before === null ? $0 : before - 1)'],
    tests: WINDOWS,
  },
  {
    name: 'applied-delivery-has-no-file',
    in: 'DELIVERY_COLUMNS',
    word: ['s.file_id', 'd.file_id'],
    tests: CONTRACT,
  },
  {
    name: 'applied-deliveries-of-a-file-are-not-listed',
    in: 'createDeliveryReads.listOfFile',
    word: ['r.settled_by', '-r.settled_by'],
    nth: 2,
    tests: CONTRACT,
  },
  {
    name: 'rejected-delivery-of-another-database-is-found',
    in: 'createRejectedDeliveries.find',
    word: ['chk', 'chk = chk OR chk'],
    tests: CONTRACT,
  },
]
