import { type Call, startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { EXTENSIONS, UPLOAD } from '../support/uploads.ts'

/** The number of concurrent callers, half of whom upload. */
const CALLERS = 32

/** A submission of one caller, uploaded or registered, and what the service has acknowledged: the submission and its webhook. */
export type SentSubmission = {
  fileId: string
  webhookUrl: string
  /** The final status of its extension. */
  result: 'success' | 'failed'
  /** Null until the caller has its response. */
  submissionId: string | null
  /** Its webhook got 200. */
  isAcknowledged: boolean
}

export type Load = {
  /** The URL of the stand-in for ImageKit's upload API. */
  imagekitUrl: string
  /**
   * Registers, uploads and sends webhooks until the service is gone. Resolves with the submissions whose registration got a response,
   * and those whose upload ImageKit has. After `responses` responses it calls `onReached`, once, so that the amount of work does not
   * depend on how busy the machine is.
   */
  run(url: string, responses: number, onReached: () => void): Promise<SentSubmission[]>
}

/** Callers of the service, and the ImageKit that it uploads to. */
export async function createLoad(): Promise<Load> {
  let uploads = new Map<string, SentSubmission>()
  let inProgress: Promise<void>[] = []
  let unexpected: UnexpectedResponse[] = []
  let count = 0
  let onResponse = () => {}

  const addSubmission = (fileId: string, webhookUrl: string, submissionId: string | null): SentSubmission => {
    const result = count % 4 === 0 ? 'failed' : 'success'
    const one: SentSubmission = { fileId, webhookUrl, result, submissionId, isAcknowledged: false }
    uploads.set(fileId, one)
    return one
  }

  // Once ImageKit has the whole form, it sends the webhook once, even if the caller is gone.
  const handleUpload = async (call: Call) => {
    await call.readForm()
    if (!call.hasWholeForm) return
    const fileId = `uploaded-${count++}`
    const one = addSubmission(fileId, call.field('webhookUrl') ?? 'none', null)
    const file = uploadedFile(fileId, { extensionStatus: { 'remove-bg': 'pending' } })
    const respond = () => call.respond(200, file, { connection: 'close' })
    const isWebhookFirst = count % 3 === 0
    if (!isWebhookFirst) respond()
    await sendResult(one)
    onResponse()
    if (isWebhookFirst) respond()
  }

  const untilKilled = (work: Promise<void>) =>
    work.catch((error: unknown) => {
      if (error instanceof UnexpectedResponse) unexpected.push(error)
    })

  const imagekit = await startMisbehavingImagekit((call) => {
    inProgress.push(untilKilled(handleUpload(call)))
  })

  const upload = async (url: string) => {
    const form = new FormData()
    form.append('file', new Blob(['hello']), 'shirt.jpg')
    form.append('fileName', 'shirt.jpg')
    form.append('extensions', EXTENSIONS)
    const response = await fetch(url + UPLOAD, { method: 'POST', body: form })
    if (response.status !== 200)
      throw new UnexpectedResponse(`upload: ${response.status} ${await response.text()}`)
    const { fileId } = (await response.json()) as { fileId: string }
    const one = uploads.get(fileId)
    if (one) one.submissionId = response.headers.get('x-submission-id')
    onResponse()
  }

  const register = async (url: string) => {
    const fileId = `registered-${count++}`
    const body = JSON.stringify({ fileId, extensions: [{ name: 'remove-bg' }] })
    const response = await fetch(`${url}/submissions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    if (response.status !== 201)
      throw new UnexpectedResponse(`submission: ${response.status} ${await response.text()}`)
    const { submissionId, webhookUrl } = (await response.json()) as {
      submissionId: string
      webhookUrl: string
    }
    onResponse()
    await sendResult(addSubmission(fileId, webhookUrl, submissionId))
    onResponse()
  }

  const repeat = async (work: () => Promise<void>) => {
    for (;;) await work()
  }

  return {
    imagekitUrl: imagekit.url,
    async run(url, responses, onReached) {
      uploads = new Map()
      inProgress = []
      unexpected = []
      let remaining = responses
      onResponse = () => {
        remaining -= 1
        if (remaining === 0) onReached()
      }
      const callers = Array.from({ length: CALLERS }, (_, n) =>
        untilKilled(repeat(() => (n % 2 === 0 ? upload(url) : register(url)))),
      )
      await Promise.all(callers)
      await Promise.all(inProgress)
      imagekit.calls.length = 0
      if (unexpected[0]) throw unexpected[0]
      return [...uploads.values()]
    },
  }
}

/** A response that the end of the service cannot explain. */
class UnexpectedResponse extends Error {}

/** Sends the webhook of one submission, and resolves with its outcome. */
export async function sendResult(one: SentSubmission): Promise<string> {
  const response = await fetch(one.webhookUrl, { method: 'POST', body: JSON.stringify(payload(one)) })
  if (response.status !== 200)
    throw new UnexpectedResponse(`webhook: ${response.status} ${await response.text()}`)
  one.isAcknowledged = true
  const { outcome } = (await response.json()) as { outcome: string }
  return outcome
}

/** The body of the webhook. */
export function payload({ fileId, result }: SentSubmission): object {
  const service = 'remove-bg'
  return result === 'success'
    ? { service, status: 'SUCCESS', fileObject: { fileId } }
    : { service, status: 'FAILURE', fileId, error: { reason: 'No foreground was found.' } }
}
