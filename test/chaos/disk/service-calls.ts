/** A response to one of the calls in this file. They send no key, so the service must have been started without keys. */
export type ServiceResponse = { status: number; retryAfter: string | null; body: { [name: string]: unknown } }

export type Registered = { fileId: string; webhookUrl: string }

const JSON_TYPE = { 'content-type': 'application/json' }

async function read(response: Response): Promise<ServiceResponse> {
  const body = (await response.json()) as ServiceResponse['body']
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body }
}

export async function register(url: string, fileId: string): Promise<Registered> {
  const body = JSON.stringify({ fileId, extensions: [{ name: 'remove-bg' }] })
  const response = await read(await fetch(`${url}/submissions`, { method: 'POST', headers: JSON_TYPE, body }))
  if (response.status !== 201) throw new Error(`${response.status}`)
  return { fileId, webhookUrl: String(response.body['webhookUrl']) }
}

/** Sends the webhook of a success; `filler` makes its body larger. */
export async function sendSuccess({ fileId, webhookUrl }: Registered, filler = ''): Promise<ServiceResponse> {
  const payload = { service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId, filler } }
  return read(await fetch(webhookUrl, { method: 'POST', body: JSON.stringify(payload) }))
}

export async function sendUpload(url: string): Promise<ServiceResponse> {
  const form = new FormData()
  form.set('file', new Blob(['content']), 'a.txt')
  form.set('fileName', 'a.txt')
  form.set('tags', 'sandbox:delay=10')
  form.set('extensions', '[{"name":"aws-auto-tagging","minConfidence":50,"maxTags":5}]')
  return read(await fetch(`${url}/api/v1/files/upload`, { method: 'POST', body: form }))
}

export async function getReadiness(url: string): Promise<ServiceResponse> {
  return read(await fetch(`${url}/readyz`))
}

export async function statusOf(url: string, fileId: string): Promise<unknown> {
  const { body } = await read(await fetch(`${url}/assets/${encodeURIComponent(fileId)}/status`))
  return body['status']
}
