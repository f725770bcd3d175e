import type { Dispatcher } from 'undici'
import type { Json } from '../domain/json.ts'
import { createConnections } from './connections.ts'
import { exchange } from './exchange.ts'
import { fingerprintForm } from './form-fingerprint.ts'
import { type FormLimits, type IncomingForm, readFormParts } from './form-reader.ts'
import { createFormWriter } from './form-writer.ts'
import { OutgoingBody } from './outgoing-body.ts'
import { authorizationOf } from './private-key.ts'
import { type CloseUpload, relayUpload } from './upload-relay.ts'

type ClientOptions = {
  privateKey: string
  uploadUrl: string
  apiUrl: string
  formLimits: FormLimits
  /** Whether a caller's own webhookUrl may be a private address. */
  allowPrivateTargets: boolean
  /** How long ImageKit may send nothing, in milliseconds. */
  timeoutMs: number
  /** Adds a span to each request. */
  trace?: Dispatcher.DispatcherComposeInterceptor | undefined
  /** Called with the status of each response. */
  onStatus: (call: 'upload' | 'update', status: number) => void
}

/** Far more than ImageKit returns for one file. Larger responses are aborted. */
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024

/** Sends uploads and updates to ImageKit. Throws only errors of the caller's form, and of `close`. */
export function createImagekitClient(options: ClientOptions) {
  const { uploadUrl, apiUrl, formLimits, allowPrivateTargets, timeoutMs, trace, onStatus } = options
  const { dispatcher, close } = createConnections({ timeoutMs, maxResponseBytes: MAX_RESPONSE_BYTES, trace })
  const authorization = authorizationOf(options.privateKey)

  return {
    /**
     * Relays an upload form as it arrives. `close` is called once the whole form has arrived; see `relayUpload`. `signal` aborts
     * the upload only until the outgoing form is complete; after that, the response is awaited in any case.
     */
    sendUpload(upload: {
      version: 'v1' | 'v2'
      form: IncomingForm
      /** Whether to compute the fingerprint of the form, for `close`. */
      fingerprint: boolean
      close: CloseUpload
      signal: AbortSignal
    }) {
      const { version, form, fingerprint, close } = upload
      const writer = createFormWriter()
      const body = new OutgoingBody((onComplete, signal) =>
        relayUpload(readFormParts(form, formLimits, signal), writer, close, {
          fingerprint,
          allowPrivateTargets,
          onComplete,
        }),
      )
      const abort = new AbortController()
      const onAbort = () => {
        if (!body.isComplete) abort.abort()
      }
      upload.signal.addEventListener('abort', onAbort)
      if (upload.signal.aborted) onAbort()
      const headers = { authorization, 'content-type': writer.contentType }
      return exchange(
        `${uploadUrl}/api/${version}/files/upload`,
        { method: 'POST', headers, dispatcher, signal: abort.signal },
        body,
        (status) => onStatus('upload', status),
      ).finally(() => upload.signal.removeEventListener('abort', onAbort))
    },

    /** The fingerprint of a form, without sending it. */
    fingerprintUpload: (form: IncomingForm) => fingerprintForm(readFormParts(form, formLimits)),

    /** Updates an existing file. */
    sendUpdate(fileId: string, update: { [name: string]: Json }) {
      const json = JSON.stringify(update)
      const body = new OutgoingBody(async function* (onComplete) {
        onComplete()
        yield json
      })
      const headers = {
        authorization,
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(json)),
      }
      const url = `${apiUrl}/v1/files/${encodeURIComponent(fileId)}/details`
      return exchange(url, { method: 'PATCH', headers, dispatcher }, body, (status) =>
        onStatus('update', status),
      )
    },

    /** Aborts requests in flight. */
    close,
  }
}
