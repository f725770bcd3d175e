/** Faults in receiving bodies: limits and waiting times. */
export const FAULTS_OF_ARRIVAL = [
  {
    name: 'body-taken-before-its-end',
    file: 'src/http/read-body.ts',
    find: 'return incoming.complete ? (',
    replace: 'return incoming.readable ? (',
    tests: ['test/http/webhook-bodies.test.ts'],
  },
  {
    name: 'large-body-cut',
    file: 'src/http/read-body.ts',
    find: 'if (bytes > MAX_BODY_BYTES) return fail(tooLarge())',
    replace: 'if (bytes > MAX_BODY_BYTES) return onEnd()',
    tests: ['test/integration/webhook-rejections.test.ts'],
  },
  {
    name: 'large-upload-cut',
    file: 'src/http/body-chunks.ts',
    find: 'if (bytes > maxBytes) throw tooLarge(maxBytes)',
    replace: 'if (bytes > maxBytes) return',
    tests: ['test/http/upload-limits.test.ts'],
  },
  {
    name: 'store-does-not-know-what-comes',
    file: 'src/service.ts',
    find: 'hasPending: () => incomingWebhooks.hasPending(),',
    replace: '',
    tests: ['test/http/webhook-bodies.test.ts'],
  },
]
