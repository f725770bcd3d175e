const EVIDENCE = {
  file: 'src/domain/evidence.ts',
  tests: ['test/unit/domain/evidence.test.ts', 'test/unit/domain/evidence-explained.test.ts'],
}
const TROUBLED = ['test/integration/reconcile-troubled-imagekit.test.ts']

/** Faults in what is asked of ImageKit, and in what is made of its answers. */
export const FAULTS_OF_RECONCILING = [
  {
    name: 'old-tags-are-evidence',
    ...EVIDENCE,
    find: 'now.some((tag) => !before.includes(tag))',
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
    file: 'src/domain/other-request.ts',
    find: "place === 'earlier' && doneAt < run.requestedAt",
    replace: "place === 'earlier'",
    tests: ['test/unit/domain/other-request.test.ts'],
  },
  {
    name: 'evidence-without-a-baseline',
    file: 'src/tracking/reconcile.ts',
    find: 'file && baseline ? weigh(one, baseline, file.facts) : undefined',
    replace:
      'file ? weigh(one, baseline ?? { ...file.facts, versionId: null, aiTags: {}, description: null, tags: null, customMetadata: null }, file.facts) : undefined',
    tests: ['test/integration/reconcile-explained.test.ts'],
  },
  {
    name: 'no-answer-is-no-evidence',
    file: 'src/tracking/reconcile.ts',
    find: 'const isAnswered = fileId === null || files.has(fileId)',
    replace: 'const isAnswered = true',
    tests: TROUBLED,
  },
  {
    name: 'rate-limit-is-no-evidence',
    file: 'src/imagekit/file-lookup.ts',
    find: "return { kind: 'held_back', ms: readHoldMs(response.headers) }",
    replace: 'return read(200, [])',
    tests: TROUBLED,
  },
  {
    name: 'rate-limit-not-obeyed',
    file: 'src/tracking/look-up-files.ts',
    find: "if (listed.kind === 'held_back') throw heldBack(listed.ms)",
    replace: "if (listed.kind === 'held_back') return files",
    tests: TROUBLED,
  },
  {
    name: 'missing-from-the-list-is-gone',
    file: 'src/tracking/look-up-files.ts',
    find: `const file = listed.value.get(fileId)
    if (file && !isDecisive(fileId))`,
    replace: `const file = listed.value.get(fileId) ?? null
    if (file === null || !isDecisive(fileId))`,
    tests: TROUBLED,
  },
  {
    name: 'expired-by-the-lagging-list',
    file: 'src/tracking/look-up-files.ts',
    find: 'if (file && !isDecisive(fileId))',
    replace: 'if (file)',
    tests: TROUBLED,
  },
  {
    name: 'any-refusal-is-gone',
    file: 'src/imagekit/file-lookup.ts',
    find: 'if (status === 404) return',
    replace: 'if (status >= 400) return',
    tests: TROUBLED,
  },
]
