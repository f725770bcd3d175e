// See `../faults.mjs` for how a fault is written (`in`, `nth`), and `../edits.mjs` for its operators (`assume`, …) and `$&`.

const COUNTS = ['sqlite-counts', 'sqlite-store']
const CAUSES = ['failure-cause']

/**
 * A count lacks something, has it twice, or counts what never existed; the bounds of an hour (the lowest and highest numbers of its
 * runs and deliveries) are wrong; a fold has no limit; or the causes of failures are not limited, or are combined wrongly.
 */
export const FAULTS_IN_STATISTICS = [
  {
    name: 'failed-batch-is-counted',
    in: 'createWriteChanges',
    replace: ['to.appendDelta', 'queueMicrotask(() => { try { $& } catch {} })'],
    tests: COUNTS,
  },
  {
    name: 'counts-are-read-without-the-deltas',
    in: 'readStats',
    replace: ['deltas.push', '0'],
    tests: COUNTS,
  },
  {
    name: 'bounds-of-hours-are-read-without-the-deltas',
    in: 'createFindBounds',
    replace: ['hoursOfDeltas', "hoursOfDeltas + ' LIMIT 0'"],
    tests: COUNTS,
  },
  { name: 'folded-deltas-are-kept', in: 'foldCounters', remove: 'rows.deleteDeltas', tests: COUNTS },
  {
    name: 'deltas-are-deleted-before-they-are-folded',
    in: 'createStats.deleteDeltas',
    word: ['n', 'n = n OR n'],
    tests: COUNTS,
  },
  {
    name: 'each-counter-replaces-the-one-before',
    in: 'foldDeltas',
    before: ['addTo', 'sums.clear()'],
    tests: COUNTS,
  },
  { name: 'new-counts-are-not-added', in: 'createAdd', word: ['excluded.count', '0'], tests: COUNTS },
  { name: 'days-are-not-added-up', in: 'foldCounters', remove: 'rows.addDayCounters', tests: COUNTS },
  { name: 'bounds-of-hours-are-not-widened', in: 'foldCounters', remove: 'rows.widenHours', tests: COUNTS },
  {
    name: 'bounds-of-an-hour-shrink',
    in: 'createStats.widen',
    replace: ["'<'", "'>'"],
    nth: 1,
    tests: COUNTS,
  },
  { name: 'fold-has-no-limit', in: 'foldDeltas', assume: ['MAX_CHANGES', false], tests: COUNTS },
  {
    name: 'acknowledgement-is-not-counted',
    in: 'isCountedAlike',
    assume: ['isAcknowledged', true],
    tests: COUNTS,
  },
  { name: 'rejected-runs-are-counted', in: 'countChange', assume: ['after.isListed', true], tests: COUNTS },
  { name: 'number-of-causes-is-unlimited', in: 'shownCauses', replace: ['.slice', '$this'], tests: CAUSES },
  {
    name: 'rare-causes-are-not-combined',
    in: 'replaceRareCauses',
    property: ['cause', 'one.cause'],
    tests: [...CAUSES, ...COUNTS],
  },
  {
    name: 'list-of-other-causes-has-the-frequent-ones',
    in: 'createRunRows.found',
    word: ['NOT IN', 'IN'],
    tests: COUNTS,
  },
]
