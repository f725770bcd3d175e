// See `../faults.mjs` for how a fault is written (`in`, `nth`), and `../edits.mjs` for its operators (`assume`, …) and `$&`.

const SIGN_IN = ['admin-sign-in']

/** Someone gets access without permission. */
export const FAULTS_IN_ACCESS = [
  {
    name: 'api-key-gives-operator-access',
    in: 'identifyOperator',
    assume: ["'api'", false],
    tests: ['operators-access'],
  },
  {
    name: 'caller-on-another-machine-counts-as-local',
    in: 'remoteReason',
    assume: ['isLoopbackHost', true],
    tests: ['embedding/fetch'],
  },
  {
    name: 'caller-without-an-address-counts-as-local',
    in: 'remoteReason',
    first: 'if (address === undefined) return undefined',
    tests: ['embedding/fetch'],
  },
  {
    name: 'form-of-another-site-is-accepted',
    in: 'isCsrfToken',
    return: 'true',
    tests: ['admin-hostile', ...SIGN_IN],
  },
  { name: 'session-outlives-its-time', in: 'createSessions.find', assume: ['endsAt', false], tests: SIGN_IN },
  {
    name: 'session-outlives-the-sign-out',
    in: 'createSessions.find',
    assume: ['endedSessions.has', false],
    tests: SIGN_IN,
  },
  {
    name: 'span-contains-the-token-of-a-webhook',
    in: 'pathAttributes',
    assume: ["':token'", false],
    tests: ['traces'],
  },
  {
    name: 'span-contains-an-unknown-path',
    in: 'pathAttributes',
    first: "if (route === undefined) return { 'url.path': url }",
    tests: ['traces'],
  },
  {
    name: 'span-contains-the-address-of-a-notification',
    in: 'requestAttributes',
    replace: ['showsUrl', 'true'],
    tests: ['traces'],
  },
  {
    name: 'notification-begins-a-trace-of-its-own',
    in: 'continueTrace',
    first: 'return task()',
    tests: ['traces'],
  },
  { name: 'session-outlives-its-key', in: 'subjectOf', replace: ['digest', "''"], tests: SIGN_IN },
]
