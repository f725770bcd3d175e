/** What a test asks of a service in a process of its own, which needs no key. */
export type Answer = { status: number; retryAfter: string | null; body: { [name: string]: unknown } }

export type Told = { fileId: string; webhookUrl: string }

const JSON_TYPE = { 'content-type': 'application/json' }

async function read(answer: Response): Promise<Answer> {
  const body = (await answer.json()) as Answer['body']
  return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body }
}

export async function register(url: string, fileId: string): Promise<Told> {
  const body = JSON.stringify({ fileId, extensions: [{ name: 'remove-bg' }] })
  const answer = await read(await fetch(`${url}/submissions`, { method: 'POST', headers: JSON_TYPE, body }))
  if (answer.status !== 201) throw new Error(`${answer.status}`)
  return { fileId, webhookUrl: String(answer.body['webhookUrl']) }
}

/** `filler` makes the delivery as large as a real one may be. */
export async function tellSuccess({ fileId, webhookUrl }: Told, filler = ''): Promise<Answer> {
  const word = { service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId, filler } }
  return read(await fetch(webhookUrl, { method: 'POST', body: JSON.stringify(word) }))
}

export async function sendUpload(url: string): Promise<Answer> {
  const form = new FormData()
  form.set('file', new Blob(['content']), 'a.txt')
  form.set('fileName', 'a.txt')
  form.set('tags', 'sandbox:delay=10')
  form.set('extensions', '[{"name":"aws-auto-tagging","minConfidence":50,"maxTags":5}]')
  return read(await fetch(`${url}/api/v1/files/upload`, { method: 'POST', body: form }))
}

export async function isReady(url: string): Promise<Answer> {
  return read(await fetch(`${url}/readyz`))
}

export async function statusOf(url: string, fileId: string): Promise<unknown> {
  const { body } = await read(await fetch(`${url}/assets/${encodeURIComponent(fileId)}/status`))
  return body['status']
}
