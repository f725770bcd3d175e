// See `../faults.mjs` for how a fault is written (`in`, `nth`), and `../edits.mjs` for its operators (`assume`, …) and `$&`.

const CONTRACT = ['sqlite-store']
const EVIDENCE = ['evidence', 'evidence-explained']
const RATE_LIMITS = ['reconcile-rate-limits']
const FAILING_IMAGEKIT = ['reconcile-troubled-imagekit']
const ODD_IDS = ['reconcile-odd-ids']
const TWO_PROCESSES = ['reconcile-two-processes']

/**
 * The reconciler draws a wrong conclusion from a file or a response of ImageKit, drops results, or does not report why it stopped; or
 * it, or the notifier, does not respect a limit, or does not extend, release or recognise a claim.
 */
export const FAULTS_IN_RECONCILING = [
  { name: 'old-tags-are-evidence', in: 'findNewTags', assume: ['had.has', true], tests: EVIDENCE },
  {
    name: 'older-version-is-evidence',
    in: 'findNewerVersion',
    assume: ['isNotNewer', false],
    tests: EVIDENCE,
  },
  {
    name: 'explained-change-is-evidence',
    in: 'assessEvidence',
    assume: ['mayHaveCaused', false],
    tests: EVIDENCE,
  },
  {
    name: 'newer-version-without-remove-bg-is-evidence',
    in: 'isOtherVersion',
    assume: ['mayInclude', false],
    tests: EVIDENCE,
  },
  {
    name: 'opaque-version-is-evidence',
    in: 'isOtherVersion',
    assume: ['current.hasAlpha', false],
    tests: EVIDENCE,
  },
  {
    name: 'own-submission-explains-a-change',
    in: 'describeDueRun',
    assume: ['other.submission.submissionId', true],
    tests: CONTRACT,
  },
  {
    name: 'unfinished-request-explains-nothing',
    in: 'concurrentChange',
    assume: ['doneAt', true],
    tests: ['concurrent-change'],
  },
  {
    name: 'evidence-needs-no-baseline',
    in: 'decide.assessment',
    value:
      'file ? assess(dueRun, baseline ?? { ...file.facts, versionId: null, aiTags: {}, description: null, tags: null, customMetadata: null, updatedAt: null, url: null }, file.facts) : undefined',
    tests: ['reconcile-explained'],
  },
  {
    name: 'claim-counts-as-a-wrong-clock',
    in: 'passTimes',
    replace: ['RUN_CLAIM_MS', '0'],
    tests: TWO_PROCESSES,
  },
  {
    name: 'aborted-attempt-keeps-its-claim',
    in: 'createNotifier.attempt',
    remove: 'store.releaseNotification',
    tests: ['notification-troubles'],
  },
  {
    name: 'claim-ends-during-the-check',
    in: 'extendClaim',
    remove: 'deps.store.extendClaim',
    tests: TWO_PROCESSES,
  },
  {
    name: 'extended-claim-has-its-old-time',
    in: 'extendClaim',
    remove: 'claimedUntil',
    tests: TWO_PROCESSES,
  },
  {
    name: 'stopped-pass-keeps-its-claims',
    in: 'runPass',
    remove: 'deps.store.releaseRuns',
    tests: RATE_LIMITS,
  },
  {
    name: 'missing-response-expires-the-run',
    in: 'decideFetched',
    replace: ['recheck', 'expireOrRecheck(deps, dueRun, true, now)'],
    tests: FAILING_IMAGEKIT,
  },
  {
    name: 'rate-limit-is-an-empty-result',
    in: 'createFileLookup.get',
    before: ['cooldown.start', 'return read(200, [])'],
    tests: FAILING_IMAGEKIT,
  },
  { name: 'rate-limit-is-not-reported', in: 'stopOf', replace: ['failure.ms', 'null'], tests: RATE_LIMITS },
  {
    name: 'rate-limit-is-not-obeyed',
    in: 'createFileLookup.get',
    remove: 'cooldown.start',
    tests: RATE_LIMITS,
  },
  {
    name: 'results-of-a-stopped-batch-are-dropped',
    in: 'runPass',
    replace: ['checked', '(stop === null ? checked : [])'],
    nth: 1,
    tests: RATE_LIMITS,
  },
  { name: 'passes-overlap', in: 'createMutex.result', value: 'task()', tests: RATE_LIMITS },
  {
    name: 'search-query-has-any-length',
    in: 'searchBatches',
    assume: ['MAX_QUERY_BYTES', true],
    tests: ['search-batches'],
  },
  { name: 'odd-id-stops-the-pass', in: 'search', assume: ["'rejected'", true], tests: ODD_IDS },
  {
    name: 'run-with-a-rejected-id-never-expires',
    in: 'decideFetched',
    replace: ['expireOrRecheck', 'recheck(deps, now)'],
    tests: ODD_IDS,
  },
  {
    name: 'rejected-key-is-not-reported',
    in: 'createReconciler',
    replace: ['isKeyRejected', 'isKeyRejected && stoppedBy === null'],
    tests: ODD_IDS,
  },
  {
    name: 'file-missing-from-the-list-is-not-fetched',
    in: 'search',
    assume: ['file', true],
    nth: 1,
    tests: FAILING_IMAGEKIT,
  },
  {
    name: 'run-expires-by-the-lagging-list',
    in: 'fetchFiles',
    assume: ['isDecisive', true],
    tests: FAILING_IMAGEKIT,
  },
  {
    name: 'file-is-gone-after-any-404',
    in: 'createFileLookup.findFile',
    assume: ['isImagekitError', true],
    tests: FAILING_IMAGEKIT,
  },
  {
    name: 'file-is-gone-after-any-status-above-404',
    in: 'createFileLookup.findFile',
    replace: ['status', 'Math.min(status, 404)'],
    nth: 1,
    tests: FAILING_IMAGEKIT,
  },
]
