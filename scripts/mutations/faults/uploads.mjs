// See `../faults.mjs` for how a fault is written (`in`, `nth`), and `../edits.mjs` for its operators (`assume`, …) and `$&`.

/** A submission is written too late, an upload is truncated, or a caller cannot read the response. */
export const FAULTS_IN_UPLOADS = [
  {
    // `close` commits the submission. With extensions, the `webhookUrl` still has to be added after it.
    name: 'submission-without-extensions-is-written-after-the-form',
    in: 'relayUpload',
    before: ['close', 'if (collector.fields.extensions.length === 0) yield writer.formEnd'],
    tests: ['upload-submission'],
  },
  {
    name: 'submission-of-an-update-is-written-after-the-request',
    in: 'submitUpdate',
    before: ['deps.store.createSubmission', 'await deps.imagekit.sendUpdate(fileId, body)'],
    tests: ['integration/update-details', 'update-trouble'],
  },
  {
    name: 'large-upload-is-truncated',
    in: 'bodyChunks',
    before: ['window.bytes', 'if (bytes > maxBytes) return'],
    tests: ['upload-limits'],
  },
  {
    name: 'early-response-resets-the-connection',
    in: 'EarlyResponse.writeHead',
    replace: ['req.socket.end', 'req.socket.destroy()'],
    tests: ['integration/sdk-v7'],
  },
]
