// See `../faults.mjs` for how a fault is written (`in`, `nth`), and `../edits.mjs` for its operators (`assume`, …) and `$&`.

const TOKENS = ['capability-tokens']
const SIGNATURES = ['webhook-signature']
const ACCOUNT = ['account-signatures']

/** A forged or invalid webhook is accepted, a valid one is lost, or a protection against attackers is missing. */
export const FAULTS_IN_WEBHOOKS = [
  {
    name: 'forged-token-is-accepted',
    in: 'readWebhookToken',
    assume: ['tokens.webhook.verify', true],
    tests: ['webhook-rejections'],
  },
  {
    name: 'token-has-several-valid-spellings',
    in: 'createCapability.verify',
    assume: ['bytes.toString', false],
    tests: TOKENS,
  },
  { name: 'all-purposes-share-a-key', in: 'deriveKey', replace: ['purpose', "''"], tests: TOKENS },
  {
    name: 'token-is-compared-byte-by-byte',
    in: 'createCapability.verify',
    replace: ['timingSafeEqual', '$0.equals($1)'],
    tests: TOKENS,
    survives: 'the response is the same; only its timing differs, which no test measures',
  },
  {
    name: 'signature-from-the-future-is-valid',
    in: 'verifySignature',
    replace: ['Math.abs', '$0'],
    tests: SIGNATURES,
  },
  { name: 'any-signature-is-valid', in: 'verifySignature.signed', value: 'readable', tests: SIGNATURES },
  {
    name: 'signature-with-an-empty-secret-is-valid',
    in: 'verifySignature.secrets',
    value: 'facts.secrets',
    tests: SIGNATURES,
  },
  {
    name: 'signature-covers-reformatted-json',
    in: 'isSignedByAny',
    replace: ['body', 'JSON.stringify(JSON.parse(body.toString()))'],
    tests: ['known-failure-modes-of-receivers'],
  },
  {
    name: 'signature-expires-during-our-outage',
    in: 'noteFailure',
    remove: 'arrivalTimes.remember',
    tests: ACCOUNT,
  },
  {
    name: 'account-webhook-without-a-valid-signature-is-accepted',
    in: 'receiveAccountDelivery',
    assume: ["'valid'", false],
    tests: ACCOUNT,
  },
  {
    name: 'invalid-signature-is-rejected-although-none-is-required',
    in: 'receiveExtensionDelivery',
    replace: ['deps.requireSignature', "$& || signature === 'invalid'"],
    tests: ['rejected-kept'],
  },
  {
    name: 'required-signature-may-be-missing',
    in: 'receiveExtensionDelivery',
    replace: ['deps.requireSignature', "$& && signature === 'invalid'"],
    tests: ['rejected-kept'],
  },
  {
    name: 'delivery-counts-as-a-duplicate-before-its-commit',
    in: 'receiveExtensionDelivery',
    first: `const memory: { seen?: Set<string> } & ReceiveDeliveryDeps = deps
      memory.seen ??= new Set()
      const key = submissionId + received.body.toString()
      if (memory.seen.has(key)) return { deliveryId: null, outcome: 'duplicate', cause: null, fileId: null, runId: null }
      memory.seen.add(key)`,
    tests: ['known-failure-modes'],
  },
  {
    name: 'account-event-counts-as-a-duplicate-before-its-commit',
    in: 'receiveAccountDelivery',
    first: `const memory: { seen?: Set<string> } & ReceiveDeliveryDeps = deps
      memory.seen ??= new Set()
      const key = received.body.toString()
      if (memory.seen.has(key)) return { deliveryId: null, outcome: 'duplicate', cause: null, fileId: null, runId: null }
      memory.seen.add(key)`,
    tests: ['known-failure-modes'],
  },
  {
    name: 'our-outage-is-reported-as-400',
    in: 'PROBLEMS.store_unavailable',
    property: ['status', '400'],
    tests: ['webhook-durability'],
  },
  {
    name: 'unknown-status-is-a-failure',
    in: 'readFinalStatus',
    replace: ['null', "'failed'"],
    tests: ['webhook-hostile'],
  },
  {
    name: 'unauthenticated-deliveries-are-stored-at-any-rate',
    in: 'createRejectionLog',
    assume: ['UNPROVEN.perSecond', false],
    tests: ['rejection-log'],
  },
  {
    name: 'incomplete-body-is-accepted',
    in: 'bufferedBody',
    replace: ['incoming.complete', 'incoming.readable'],
    tests: ['webhook-bodies'],
  },
  {
    name: 'large-body-is-truncated',
    in: 'bodyReader.onData',
    replace: ['fail', 'onEnd()'],
    tests: ['webhook-rejections'],
  },
  {
    name: 'dot-segment-is-a-file-id',
    in: 'FILE_ID',
    value: String.raw`/^(?!(?:status|retry)$)[^/\\\p{Control}\p{Surrogate}]{1,128}$/u`,
    tests: ['file-ids'],
  },
]
