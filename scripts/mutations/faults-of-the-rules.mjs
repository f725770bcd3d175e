const OBSERVE = { file: 'src/domain/observe.ts', tests: ['test/unit/domain/observe.test.ts'] }
const DELIVERY = {
  file: 'src/domain/extension-result.ts',
  tests: ['test/unit/domain/extension-result.test.ts'],
}
const ANSWER = {
  file: 'src/domain/upload-response.ts',
  tests: ['test/unit/domain/upload-response.test.ts', 'test/unit/domain/late-names.test.ts'],
}
const ASSET = { file: 'src/domain/asset.ts', tests: ['test/unit/domain/asset.test.ts'] }
const NOTIFICATION = {
  file: 'src/domain/notification.ts',
  tests: ['test/unit/domain/notification-due.test.ts'],
}

/** Faults in `src/domain`: a wrong decision about a status. */
export const FAULTS_OF_THE_RULES = [
  {
    name: 'last-word-wins',
    ...OBSERVE,
    find: 'if (!isFinal(run.status)) return settle(',
    replace: 'if (run.status !== observation.status) return settle(',
  },
  {
    name: 'contradiction-overwrites',
    ...OBSERVE,
    find: '{ run: { ...run, contradicted: true }',
    replace: '{ run: { ...run, status: observation.status, contradicted: true }',
  },
  {
    name: 'repetition-applied-again',
    file: 'src/domain/observe.ts',
    find: 'return repeat(run, observation, at)',
    replace: 'return settle(run, observation.status, observation, at)',
    tests: ['test/integration/webhook-outcomes.test.ts'],
  },
  {
    name: 'repetition-forgets-its-error',
    ...OBSERVE,
    find: 'return { run: { ...run, error, updatedAt: at }',
    replace: 'return { run',
  },
  {
    name: 'expiry-overwrites-a-final-word',
    ...OBSERVE,
    find: "if (run.status !== 'pending') return",
    replace: "if (run.status === 'expired') return",
  },
  {
    name: 'expired-is-final',
    file: 'src/domain/observe.ts',
    find: 'if (!isFinal(run.status)) return settle(',
    replace:
      "if (run.status === 'expired') return { run, outcome: 'ignored' }\n  if (!isFinal(run.status)) return settle(",
    tests: ['test/unit/domain/observe.test.ts', 'test/unit/domain/extension-result.test.ts'],
  },
  {
    name: 'response-undoes-a-webhook',
    ...OBSERVE,
    find: `if (run.status !== 'pending' || run.source !== 'request') return { run, outcome: 'ignored' }
  return { run: { ...run, source: 'response'`,
    replace: "return { run: { ...run, status: 'pending', source: 'response'",
  },
  {
    name: 'large-error-shown-whole',
    ...OBSERVE,
    find: 'return bytes > MAX_ERROR_BYTES ? { truncated: true, bytes } : observation.error',
    replace: 'return observation.error',
  },
  {
    name: 'error-measured-in-characters',
    ...OBSERVE,
    find: 'Buffer.byteLength(JSON.stringify(observation.error))',
    replace: 'JSON.stringify(observation.error).length',
  },
  {
    name: 'other-file-applied',
    ...DELIVERY,
    find: "if (isOtherFile(submission, result.fileId)) return ignore(submission, 'other_file', null)",
    replace: '',
  },
  {
    name: 'first-file-does-not-bind',
    ...DELIVERY,
    find: 'const bound = submission.fileId ?? fileId',
    replace: 'const bound = submission.fileId',
  },
  {
    name: 'unrequested-service-applied',
    ...DELIVERY,
    find: `if (known === undefined && countUnnamed({ extensions }, runs) <= 0)
    return ignore(submission, 'not_requested', null)`,
    replace: '',
  },
  {
    name: 'webhook-proves-nothing',
    ...DELIVERY,
    find: "return { ...submission, state: 'accepted', fileId: bound, error: null, updatedAt: at }",
    replace: 'return { ...submission, fileId: bound, updatedAt: at }',
  },
  {
    name: 'placeholder-stays',
    file: 'src/domain/saved-extension.ts',
    find: 'return countUnnamed(submission, runs) <= 0 ? (findPlaceholder(runs) ?? null) : null',
    replace: 'return null',
    tests: DELIVERY.tests,
  },
  {
    name: 'answer-of-another-file-taken',
    ...ANSWER,
    find: "if (isOtherFile(submission, response.fileId)) return unchanged(submission, 'conflict')",
    replace: '',
  },
  {
    name: 'unclear-answer-weakens-a-rejection',
    ...ANSWER,
    find: "submission.state === 'rejected' && response.kind === 'unconfirmed'",
    replace: 'false',
  },
  {
    name: 'early-webhook-not-claimed',
    ...ANSWER,
    find: 'of waiting.get(name) ?? []) {',
    replace: "of waiting.get('') ?? []) {",
  },
  {
    name: 'baseline-taken-anew',
    ...ANSWER,
    find: 'submission.baseline ?? response.baseline',
    replace: 'response.baseline ?? submission.baseline',
  },
  {
    name: 'current-run-by-clock',
    ...ASSET,
    find: 'of facts.runs) {',
    replace: 'of facts.runs.toSorted((one, other) => one.requestedAt - other.requestedAt)) {',
  },
  {
    name: 'same-instant-goes-to-the-older',
    file: 'src/domain/asset.ts',
    find: 'of facts.runs) {',
    replace: 'of facts.runs.toReversed().toSorted((one, other) => one.requestedAt - other.requestedAt)) {',
    tests: ['test/integration/known-failure-modes.test.ts'],
  },
  {
    name: 'failure-hidden-by-expiry',
    ...ASSET,
    find: "['pending', 'failed', 'expired', 'success']",
    replace: "['pending', 'expired', 'failed', 'success']",
  },
  {
    name: 'notified-of-the-response',
    ...NOTIFICATION,
    find: "|| after.source === 'reconcile'",
    replace: "|| after.source === 'reconcile' || after.source === 'response'",
  },
  {
    name: 'notified-again',
    ...NOTIFICATION,
    find: 'isSettledNow(before, after)',
    replace: 'isSettledNow(before && undefined, after)',
  },
  {
    name: 'rejected-deliveries-without-a-limit',
    file: 'src/domain/rejected-retention.ts',
    find: 'count <= limit.count && ',
    replace: '',
    tests: ['test/unit/domain/rejected-retention.test.ts'],
  },
  {
    name: 'changed-status-stays-kept',
    file: 'src/tracking/status/status-cache.ts',
    find: 'cache?.delete(fileId)',
    replace: '',
    tests: ['test/unit/tracking/status-any-order.test.ts'],
  },
  {
    name: 'full-cache-keeps-all',
    file: 'src/tracking/status/snapshot-cache.ts',
    find: 'if (isRoom || isSecondTime(fileId))',
    replace: '',
    tests: ['test/unit/tracking/snapshot-cache.test.ts'],
  },
  {
    name: 'full-cache-keeps-nothing-new',
    file: 'src/tracking/status/snapshot-cache.ts',
    find: 'if (isRoom || isSecondTime(fileId))',
    replace: 'if (isRoom)',
    tests: ['test/unit/tracking/snapshot-cache.test.ts'],
  },
]
