import { onTestFinished } from 'vitest'
import { createSandbox, type Sandbox, type SandboxOptions } from '../../../src/sandbox/sandbox.ts'
import { temporaryDirectory } from '../../support/tracker.ts'

export const PRIVATE_KEY = 'private_key_test'

export type RunningSandbox = Sandbox & { url: string; directory: string }

/** `acceptsAnyKey`: any private key is accepted, not only `PRIVATE_KEY`. */
type Overrides = Omit<Partial<SandboxOptions>, 'privateKey'> & { acceptsAnyKey?: boolean }

/** Starts a sandbox, in a temporary directory unless one is given. It is stopped when the test ends. */
export async function startSandbox({ acceptsAnyKey, ...options }: Overrides = {}): Promise<RunningSandbox> {
  const directory = options.directory ?? temporaryDirectory()
  const key = acceptsAnyKey ? {} : { privateKey: PRIVATE_KEY }
  const sandbox = createSandbox({ directory, port: 0, webhookRetryMs: 10, ...key, ...options })
  const { url } = await sandbox.start()
  onTestFinished(() => sandbox.stop())
  return { ...sandbox, url, directory }
}

const authorization = `Basic ${Buffer.from(`${PRIVATE_KEY}:`).toString('base64')}`

export type ApiResponse = { status: number; headers: Headers; body: Record<string, unknown> }

export type Fields = Record<string, string | Blob>

/** Uploads a form with the private key. The `fileName` is `file.jpg` unless `fields` has another. */
export function upload(sandbox: RunningSandbox, fields: Fields, headers = {}): Promise<ApiResponse> {
  return postForm(
    `${sandbox.url}/api/v1/files/upload`,
    { fileName: 'file.jpg', ...fields },
    { authorization, ...headers },
  )
}

/** POSTs a form, without the private key unless `headers` contains it. */
export async function postForm(
  url: string,
  fields: Fields,
  headers: Record<string, string> = {},
): Promise<ApiResponse> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  return toApiResponse(await fetch(url, { method: 'POST', body: form, headers }))
}

export async function get(sandbox: RunningSandbox, path: string): Promise<ApiResponse> {
  return toApiResponse(await fetch(sandbox.url + path, { headers: { authorization } }))
}

export async function getList(sandbox: RunningSandbox, path: string): Promise<Record<string, unknown>[]> {
  const list: unknown = await (await fetch(sandbox.url + path, { headers: { authorization } })).json()
  if (!Array.isArray(list)) throw new Error(`not a list: ${JSON.stringify(list)}`)
  return list
}

/** Updates the details of a file. A string is sent unchanged as the body, anything else as JSON. */
export async function patch(sandbox: RunningSandbox, fileId: unknown, body: unknown): Promise<ApiResponse> {
  return toApiResponse(
    await fetch(`${sandbox.url}/v1/files/${String(fileId)}/details`, {
      method: 'PATCH',
      headers: { authorization, 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  )
}

/** Deletes a file. Returns the HTTP status of the response. */
export async function remove(sandbox: RunningSandbox, fileId: unknown): Promise<number> {
  const url = `${sandbox.url}/v1/files/${String(fileId)}`
  return (await fetch(url, { method: 'DELETE', headers: { authorization } })).status
}

export async function download(url: unknown): Promise<{ response: Response; bytes: Buffer }> {
  const response = await fetch(String(url))
  return { response, bytes: Buffer.from(await response.arrayBuffer()) }
}

async function toApiResponse(response: Response): Promise<ApiResponse> {
  const body: Record<string, unknown> = JSON.parse(await response.text())
  return { status: response.status, headers: response.headers, body }
}
