import { type Call, startBrokenImagekit, uploadedFile } from '../support/broken-imagekit.ts'
import { EXTENSIONS, UPLOAD } from '../support/uploads.ts'

/** How many callers there are at once, half of whom upload. */
const CALLERS = 32

/** What one caller of ours did, as far as this side was told. */
export type Told = {
  fileId: string
  webhookUrl: string
  /** The final word of its extension. */
  word: 'success' | 'failed'
  /** Null until its caller was answered. */
  submissionId: string | null
  /** Its webhook was answered with 200. */
  isAcknowledged: boolean
}

export type Load = {
  /** Where uploads are sent to in place of ImageKit. */
  imagekitUrl: string
  /**
   * Registers, uploads and tells webhooks until the service is gone; resolves with what was told. At answer number
   * `answers` it calls `enough`, once: how much is done does not hang on how busy the machine is.
   */
  run(url: string, answers: number, enough: () => void): Promise<Told[]>
}

/** Callers of the service, and the ImageKit that it uploads to. */
export async function createLoad(): Promise<Load> {
  let told = new Map<string, Told>()
  let underWay: Promise<void>[] = []
  let unexpected: Unexpected[] = []
  let count = 0
  let onAnswer = () => {}

  const expectWord = (fileId: string, webhookUrl: string, submissionId: string | null): Told => {
    const word = count % 4 === 0 ? 'failed' : 'success'
    const one: Told = { fileId, webhookUrl, word, submissionId, isAcknowledged: false }
    told.set(fileId, one)
    return one
  }

  // From here on the form is ImageKit's, and its webhook will come, whatever becomes of the service and its caller.
  const takeUpload = async (call: Call) => {
    await call.readForm()
    if (!call.hasWholeForm) return
    const fileId = `uploaded-${count++}`
    const one = expectWord(fileId, call.field('webhookUrl') ?? 'none', null)
    const file = uploadedFile(fileId, { extensionStatus: { 'remove-bg': 'pending' } })
    const answer = () => call.answer(200, file, { connection: 'close' })
    const isEarly = count % 3 === 0
    if (!isEarly) answer()
    await tellWord(one)
    onAnswer()
    if (isEarly) answer()
  }

  const untilKilled = (act: Promise<void>) =>
    act.catch((error: unknown) => {
      if (error instanceof Unexpected) unexpected.push(error)
    })

  const imagekit = await startBrokenImagekit((call) => {
    underWay.push(untilKilled(takeUpload(call)))
  })

  const upload = async (url: string) => {
    const form = new FormData()
    form.append('file', new Blob(['hello']), 'shirt.jpg')
    form.append('fileName', 'shirt.jpg')
    form.append('extensions', EXTENSIONS)
    const answer = await fetch(url + UPLOAD, { method: 'POST', body: form })
    if (answer.status !== 200) throw new Unexpected(`upload: ${answer.status} ${await answer.text()}`)
    const { fileId } = (await answer.json()) as { fileId: string }
    const one = told.get(fileId)
    if (one) one.submissionId = answer.headers.get('x-submission-id')
    onAnswer()
  }

  const register = async (url: string) => {
    const fileId = `registered-${count++}`
    const body = JSON.stringify({ fileId, extensions: [{ name: 'remove-bg' }] })
    const answer = await fetch(`${url}/submissions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    if (answer.status !== 201) throw new Unexpected(`submission: ${answer.status} ${await answer.text()}`)
    const { submissionId, webhookUrl } = (await answer.json()) as {
      submissionId: string
      webhookUrl: string
    }
    onAnswer()
    await tellWord(expectWord(fileId, webhookUrl, submissionId))
    onAnswer()
  }

  const repeat = async (act: () => Promise<void>) => {
    for (;;) await act()
  }

  return {
    imagekitUrl: imagekit.url,
    async run(url, answers, enough) {
      told = new Map()
      underWay = []
      unexpected = []
      let left = answers
      onAnswer = () => {
        left -= 1
        if (left === 0) enough()
      }
      const callers = Array.from({ length: CALLERS }, (_, n) =>
        untilKilled(repeat(() => (n % 2 === 0 ? upload(url) : register(url)))),
      )
      await Promise.all(callers)
      await Promise.all(underWay)
      imagekit.calls.length = 0
      if (unexpected[0]) throw unexpected[0]
      return [...told.values()]
    },
  }
}

/** The service answered, but not what it should: it is no matter of its being killed. */
class Unexpected extends Error {}

/** Tells the webhook of one, and resolves with its outcome. */
export async function tellWord(one: Told): Promise<string> {
  const answer = await fetch(one.webhookUrl, { method: 'POST', body: JSON.stringify(payload(one)) })
  if (answer.status !== 200) throw new Unexpected(`webhook: ${answer.status} ${await answer.text()}`)
  one.isAcknowledged = true
  const { outcome } = (await answer.json()) as { outcome: string }
  return outcome
}

/** What a webhook tells. */
export function payload({ fileId, word }: Told): object {
  const service = 'remove-bg'
  return word === 'success'
    ? { service, status: 'SUCCESS', fileObject: { fileId } }
    : { service, status: 'FAILURE', fileId, error: { reason: 'It could not be told from its background.' } }
}
