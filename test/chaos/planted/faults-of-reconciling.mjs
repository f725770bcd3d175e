const EVIDENCE = {
  file: 'src/domain/evidence.ts',
  tests: ['test/unit/domain/evidence.test.ts', 'test/unit/domain/evidence-explained.test.ts'],
}
const TROUBLED = ['test/integration/reconcile-troubled-imagekit.test.ts']
const RATE_LIMITS = ['test/integration/reconcile-rate-limits.test.ts']
const ODD_IDS = ['test/integration/reconcile-odd-ids.test.ts']

/** Faults in what is asked of ImageKit, and in what is made of its answers. */
export const FAULTS_OF_RECONCILING = [
  {
    name: 'old-tags-are-evidence',
    ...EVIDENCE,
    find: 'now.some((tag) => !had.has(tag))',
    replace: 'now.length > 0',
  },
  {
    name: 'older-version-is-evidence',
    ...EVIDENCE,
    find: "return isOlder ? null : { kind: 'newer_version'",
    replace: "return { kind: 'newer_version'",
  },
  {
    name: 'explained-change-is-evidence',
    ...EVIDENCE,
    find: 'others.find((request) => mayHaveMade(evidence, run.name, request))',
    replace: 'others.find(() => false)',
  },
  {
    name: 'foreign-version-is-evidence',
    ...EVIDENCE,
    find: "return findNewerVersion(baseline, seen) === null || !mayRun(asked, 'remove-bg')",
    replace: 'return false',
  },
  {
    name: 'open-request-explains-nothing',
    file: 'src/domain/concurrent-change.ts',
    find: "place === 'earlier' && doneAt < run.requestedAt",
    replace: "place === 'earlier'",
    tests: ['test/unit/domain/concurrent-change.test.ts'],
  },
  {
    name: 'opaque-version-is-evidence',
    ...EVIDENCE,
    find: 'if (seen.hasAlpha === false && !run.mayFillBackground) return true',
    replace: '',
  },
  {
    name: 'evidence-without-a-baseline',
    file: 'src/tracking/check-due-runs.ts',
    find: 'file && baseline ? weigh(one, baseline, file.facts) : undefined',
    replace:
      'file ? weigh(one, baseline ?? { ...file.facts, versionId: null, aiTags: {}, description: null, tags: null, customMetadata: null, updatedAt: null, url: null }, file.facts) : undefined',
    tests: ['test/integration/reconcile-explained.test.ts'],
  },
  {
    name: 'claim-counts-as-misdated',
    file: 'src/tracking/reconcile.ts',
    find: 'Math.max(deps.overdueAfterMs, deps.everyMs, RUN_CLAIM_MS)',
    replace: 'Math.max(deps.overdueAfterMs, deps.everyMs)',
    tests: ['test/integration/reconcile-two-processes.test.ts'],
  },
  {
    name: 'broken-off-attempt-stays-claimed',
    file: 'src/jobs/notifier.ts',
    find: 'await store.releaseNotification(notificationId, claim, due.dueAt)',
    replace: '',
    tests: ['test/integration/notification-troubles.test.ts'],
  },
  {
    name: 'stopped-pass-keeps-its-claims',
    file: 'src/tracking/reconcile.ts',
    find: 'await deps.store.releaseRuns(released, claim)',
    replace: '',
    tests: RATE_LIMITS,
  },
  {
    name: 'no-answer-is-no-evidence',
    file: 'src/tracking/check-due-runs.ts',
    find: "return { finding: lookAgain(deps, now), why: 'ImageKit did not answer about this file.' }",
    replace: 'return judge(deps, one, null, isOver(one), now)',
    tests: TROUBLED,
  },
  {
    name: 'rate-limit-is-no-evidence',
    file: 'src/imagekit/file-lookup.ts',
    find: `hold.begin(ms)
        return { kind: 'held_back', ms }`,
    replace: 'return read(200, [])',
    tests: TROUBLED,
  },
  {
    name: 'rate-limit-not-obeyed',
    file: 'src/tracking/fetch-files.ts',
    find: 'holdMs: unseen.ms,',
    replace: 'holdMs: null,',
    tests: RATE_LIMITS,
  },
  {
    name: 'rate-limit-is-forgotten',
    file: 'src/imagekit/file-lookup.ts',
    find: 'hold.begin(ms)',
    replace: '',
    tests: RATE_LIMITS,
  },
  {
    name: 'stopped-batch-is-thrown-away',
    file: 'src/tracking/reconcile.ts',
    find: 'of looked) {',
    replace: 'of stop === null ? looked : []) {',
    tests: RATE_LIMITS,
  },
  {
    name: 'passes-side-by-side',
    file: 'src/tracking/mutex.ts',
    find: 'const done = last.then(work, work)',
    replace: 'const done = work()',
    tests: RATE_LIMITS,
  },
  {
    name: 'searches-of-any-length',
    file: 'src/imagekit/search-batches.ts',
    find: ' && bytes + more <= MAX_QUERY_BYTES',
    replace: '',
    tests: ['test/unit/imagekit/search-batches.test.ts'],
  },
  {
    name: 'odd-id-stops-all',
    file: 'src/tracking/fetch-files.ts',
    find: "if (listed.kind !== 'refused') return stopOf(listed)",
    replace: 'return stopOf(listed)',
    tests: ODD_IDS,
  },
  {
    name: 'refused-id-never-ends',
    file: 'src/tracking/check-due-runs.ts',
    find: 'finding: endOrLookAgain(deps, one, isOver(one), now),',
    replace: 'finding: lookAgain(deps, now),',
    tests: ODD_IDS,
  },
  {
    name: 'refused-key-is-not-told',
    file: 'src/jobs/reconciler.ts',
    find: 'if (isKeyRefused)',
    replace: 'if (isKeyRefused && stoppedBy === null)',
    tests: ODD_IDS,
  },
  {
    name: 'missing-from-the-list-is-gone',
    file: 'src/tracking/fetch-files.ts',
    find: 'if (file) take(fileId, file)',
    replace: 'take(fileId, (file ?? null) as SeenFile)',
    tests: TROUBLED,
  },
  {
    name: 'expired-by-the-lagging-list',
    file: 'src/tracking/fetch-files.ts',
    find: 'if (!isDecisive(fileId)) looked',
    replace: 'looked',
    tests: TROUBLED,
  },
  {
    name: 'any-refusal-is-gone',
    file: 'src/imagekit/file-lookup.ts',
    find: 'if (status === 404 && isImagekitError(body)) return',
    replace: 'if (status >= 400) return',
    tests: TROUBLED,
  },
  {
    name: 'any-404-is-gone',
    file: 'src/imagekit/file-lookup.ts',
    find: 'if (status === 404 && isImagekitError(body)) return',
    replace: 'if (status === 404) return',
    tests: TROUBLED,
  },
]
