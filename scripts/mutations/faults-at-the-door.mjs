const RECEIVE = 'src/tracking/webhooks/receive-delivery.ts'
const TOKENS = {
  file: 'src/tracking/capability-tokens.ts',
  tests: ['test/unit/tracking/capability-tokens.test.ts'],
}
const SIGNATURE = {
  file: 'src/imagekit/webhook-signature.ts',
  tests: ['test/unit/imagekit/webhook-signature.test.ts'],
}
const TRAPS = ['test/integration/known-failure-modes.test.ts']

/** Faults at the edges: wrong input is trusted, a response is wrong, or it is sent before the write. */
export const FAULTS_AT_THE_DOOR = [
  {
    name: 'forged-token-accepted',
    file: 'src/tracking/links.ts',
    find: 'return tokens.webhook.verify(submissionId, token.slice(dot + 1)) ? submissionId : undefined',
    replace: 'return submissionId',
    tests: ['test/integration/webhook-rejections.test.ts'],
  },
  {
    name: 'token-has-other-spellings',
    ...TOKENS,
    find: " || given.toString('base64url') !== mac",
    replace: '',
  },
  { name: 'one-key-for-all-purposes', ...TOKENS, find: 'tracker ${purpose} v1', replace: 'tracker v1' },
  {
    name: 'token-compared-byte-by-byte',
    ...TOKENS,
    find: 'timingSafeEqual(macOf(key, subject), given)',
    replace: 'macOf(key, subject).equals(given)',
    survives: 'the response is the same; only its timing differs, which no test measures',
  },
  {
    name: 'signature-from-the-future',
    ...SIGNATURE,
    find: 'Math.abs(receivedAt - claim.signedAt)',
    replace: 'receivedAt - claim.signedAt',
  },
  {
    name: 'any-signature-will-do',
    ...SIGNATURE,
    find: 'readable.filter((claim) => isSignedByAny(claim, body, secrets))',
    replace: 'readable',
  },
  {
    name: 'empty-secret-is-a-secret',
    ...SIGNATURE,
    find: "facts.secrets.filter((secret) => secret !== '')",
    replace: 'facts.secrets',
  },
  {
    name: 'own-503-burns-the-signature',
    file: RECEIVE,
    find: '  receipts.remember(body, receivedAt)\n  meter',
    replace: '  meter',
    tests: ['test/integration/account-signatures.test.ts'],
  },
  {
    name: 'unsigned-account-event-accepted',
    file: RECEIVE,
    find: "if (checked.check !== 'valid') throw",
    replace: "if (checked.check === 'invalid') throw",
    tests: ['test/integration/account-signatures.test.ts'],
  },
  {
    name: 'signature-decides-on-extensions',
    file: RECEIVE,
    find: 'if (deps.requireSignature && cause !== null)',
    replace: "if (signature === 'invalid' && cause !== null)",
    tests: ['test/integration/rejected-kept.test.ts'],
  },
  {
    name: 'required-signature-not-required',
    file: RECEIVE,
    find: 'if (deps.requireSignature && cause !== null)',
    replace: "if (deps.requireSignature && signature === 'invalid' && cause !== null)",
    tests: ['test/integration/rejected-kept.test.ts'],
  },
  {
    name: 'seen-before-it-is-kept',
    file: RECEIVE,
    find: 'const result = deps.readExtensionResult(parse(deps, received.body), received.body.length)',
    replace: `const result = deps.readExtensionResult(parse(deps, received.body), received.body.length)
  const memory: { seen?: Set<string> } & ReceiveDeliveryDeps = deps
  memory.seen ??= new Set()
  const key = submissionId + received.body.toString()
  if (memory.seen.has(key)) return { deliveryId: null, outcome: 'duplicate', cause: null, fileId: null, runId: null }
  memory.seen.add(key)`,
    tests: TRAPS,
  },
  {
    name: 'event-seen-before-it-is-kept',
    file: RECEIVE,
    find: 'const eventId = event.eventId ?? checked.eventId',
    replace: `const eventId = event.eventId ?? checked.eventId
  const memory: { seen?: Set<string | null> } & ReceiveDeliveryDeps = deps
  memory.seen ??= new Set()
  if (memory.seen.has(eventId)) return { deliveryId: null, outcome: 'duplicate', cause: null, fileId: null, runId: null }
  memory.seen.add(eventId)`,
    tests: TRAPS,
  },
  {
    name: 'signature-over-rewritten-json',
    file: 'src/imagekit/webhook-signature.ts',
    find: '.update(claim.signedHead).update(body)',
    replace: '.update(claim.signedHead).update(JSON.stringify(JSON.parse(body.toString())))',
    tests: ['test/integration/known-failure-modes-of-callers.test.ts'],
  },
  {
    name: 'statuses-updated-after-the-response',
    file: 'src/store/write-queue.ts',
    find: 'onCommit(commitOf(',
    replace: 'setTimeout(onCommit, 50, commitOf(',
    tests: ['test/integration/webhook-durability.test.ts'],
  },
  {
    name: 'trouble-of-ours-is-a-400',
    file: 'src/contract/problems.ts',
    find: "store_unavailable: { status: 503, title: 'The database is unavailable', retryAfter: 5 }",
    replace: "store_unavailable: { status: 400, title: 'The database is unavailable', retryAfter: 5 }",
    tests: ['test/integration/webhook-durability.test.ts'],
  },
  {
    name: 'unknown-status-is-a-failure',
    file: 'src/imagekit/extension-webhook.ts',
    find: '    default:\n      return null',
    replace: "    default:\n      return 'failed'",
    tests: ['test/integration/webhook-hostile.test.ts'],
  },
  {
    name: 'rejected-log-unbounded',
    file: 'src/tracking/webhooks/rejection-log.ts',
    find: 'second.unproven >= UNPROVEN.perSecond',
    replace: 'second.unproven >= Number.POSITIVE_INFINITY',
    tests: ['test/unit/tracking/rejection-log.test.ts'],
  },
  {
    name: 'submission-written-after-the-form',
    file: 'src/imagekit/upload-relay.ts',
    find: 'const { webhookUrl } = await close({',
    replace:
      'if (collector.fields.extensions.length === 0) yield writer.formEnd\n  const { webhookUrl } = await close({',
    tests: ['test/integration/upload-submission.test.ts'],
  },
  {
    name: 'update-written-after-the-request',
    file: 'src/tracking/uploads/submit-update.ts',
    find: 'const { submissionId } = await deps.store.createSubmission(',
    replace: `await deps.imagekit.sendUpdate(fileId, body)
  const { submissionId } = await deps.store.createSubmission(`,
    tests: ['test/integration/update-details.test.ts', 'test/integration/update-trouble.test.ts'],
  },
  {
    name: 'early-response-resets-the-connection',
    file: 'src/http/broken-requests.ts',
    find: 'else req.socket.end()',
    replace: 'else req.socket.destroy()',
    tests: ['test/integration/sdk-v7.test.ts'],
  },
]
