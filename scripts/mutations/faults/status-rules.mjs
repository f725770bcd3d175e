// See `../faults.mjs` for how a fault is written (`in`, `nth`), and `../edits.mjs` for its operators (`assume`, …) and `$&`.

const STATUS = ['decide-status']
const RESULTS = ['extension-result']
const RESPONSES = ['upload-response', 'late-names']
const ASSETS = ['asset']
const NOTIFICATIONS = ['notification-due']

/**
 * A rule decides wrongly about a run's status or error, its submission, an asset's status, or the notification of the caller; or the
 * cache keeps a wrong status, or too many.
 */
export const FAULTS_IN_STATUS_RULES = [
  {
    name: 'later-status-replaces-a-final-status',
    in: 'decideStatus',
    replace: ['isFinal', 'run.status === observation.status'],
    tests: STATUS,
  },
  {
    name: 'contradiction-changes-the-status',
    in: 'contradict',
    property: ['contradicted', 'true, status: observation.status'],
    tests: STATUS,
  },
  {
    name: 'repeated-status-is-applied-again',
    in: 'decideStatus',
    replace: ['repeat', 'settle(run, observation.status, observation, at)'],
    tests: ['webhook-outcomes'],
  },
  {
    name: 'repeated-status-does-not-fill-the-error',
    in: 'repeat',
    property: ['error', 'run.error'],
    tests: STATUS,
  },
  {
    name: 'expiry-replaces-a-final-status',
    in: 'expire',
    assume: ["'pending'", false],
    tests: STATUS,
  },
  {
    name: 'expired-is-final',
    in: 'decideStatus',
    first: "if (run.status === 'expired') return { run, outcome: 'ignored' }",
    tests: ['decide-status', 'extension-result'],
  },
  {
    name: 'response-undoes-a-webhook',
    in: 'confirmPending',
    first:
      "return { run: { ...run, status: 'pending', source: 'response', updatedAt: at }, outcome: 'applied' }",
    tests: STATUS,
  },
  { name: 'large-error-is-kept-whole', in: 'errorOf', assume: ['MAX_ERROR_BYTES', false], tests: STATUS },
  {
    name: 'error-is-measured-in-characters',
    in: 'errorOf.bytes',
    value: 'JSON.stringify(observation.error).length',
    tests: STATUS,
  },
  {
    name: 'result-for-another-file-is-applied',
    in: 'decideDelivery',
    assume: ['isOtherFile', false],
    tests: RESULTS,
  },
  {
    name: 'first-file-does-not-bind-a-submission',
    in: 'confirm.bound',
    value: 'submission.fileId',
    tests: RESULTS,
  },
  {
    name: 'unrequested-extension-is-applied',
    in: 'decideDelivery',
    assume: ['countUnnamed', false],
    tests: RESULTS,
  },
  {
    name: 'webhook-does-not-accept-its-submission',
    in: 'confirm',
    property: ['state', 'submission.state'],
    tests: RESULTS,
  },
  { name: 'placeholder-run-stays', in: 'placeholderToRemove', return: 'null', tests: RESULTS },
  {
    name: 'response-about-another-file-is-applied',
    in: 'decideResponse',
    assume: ['isOtherFile', false],
    nth: 1,
    tests: RESPONSES,
  },
  { name: 'unclear-response-replaces-a-rejection', in: 'isWeaker', value: 'false', tests: RESPONSES },
  {
    name: 'early-webhook-is-not-claimed',
    in: 'decideResponse',
    replace: ['unclaimedByService.get', "unclaimedByService.get('')"],
    tests: RESPONSES,
  },
  {
    name: 'later-baseline-replaces-the-first',
    in: 'accept.baseline',
    value: 'response.baseline ?? submission.baseline',
    tests: RESPONSES,
  },
  {
    name: 'current-run-is-the-newest-by-clock',
    in: 'describeAsset',
    replace: ['facts.runs', '$&.toSorted((one, other) => one.requestedAt - other.requestedAt)'],
    tests: ASSETS,
  },
  {
    name: 'same-instant-goes-to-the-older-run',
    in: 'describeAsset',
    replace: ['facts.runs', '$&.toReversed().toSorted((one, other) => one.requestedAt - other.requestedAt)'],
    tests: ['known-failure-modes'],
  },
  {
    name: 'expired-run-hides-a-failed-one',
    in: 'BY_PRIORITY',
    value: "['pending', 'expired', 'failed', 'success'] as const satisfies RunStatus[]",
    tests: ASSETS,
  },
  {
    name: 'caller-is-notified-of-the-response',
    in: 'isNotificationDue.isReported',
    value: "$& || after.source === 'response'",
    tests: NOTIFICATIONS,
  },
  {
    name: 'caller-is-notified-again',
    in: 'isNotificationDue',
    replace: ['isSettledNow', 'isSettledNow($0 && undefined, $1)'],
    tests: NOTIFICATIONS,
  },
  {
    name: 'changed-status-stays-in-the-cache',
    in: 'invalidate',
    remove: 'cache.delete',
    tests: ['status-any-order'],
  },
  {
    name: 'cache-exceeds-its-size',
    in: 'bytesOf',
    return: '1',
    tests: ['status-cache'],
  },
]
