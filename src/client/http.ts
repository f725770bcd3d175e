import { TrackerApiError } from './errors.ts'

export type ClientOptions = {
  /** The tracker's URL, such as `https://tracker.example.com`. */
  url: string
  /** An API key, or for `failures` and `retry` an admin key. Never send a key to a browser. */
  key?: string
  /** The token of a `statusUrl`, for a browser. It gives access to one asset or submission only. */
  token?: string
  /** Replaces the global `fetch`. */
  fetch?: typeof fetch
}

type RequestOptions = {
  method?: string
  query?: { readonly [name: string]: string | undefined }
  body?: unknown
  headers?: { readonly [name: string]: string }
  signal?: AbortSignal | undefined
}

export type Http = {
  /** Sends a request. Rejects with `TrackerApiError` unless the response is a success or 304. */
  send(path: string, options?: RequestOptions): Promise<Response>
  /** Sends a request, and parses the JSON of its response. */
  json<T>(path: string, options?: RequestOptions): Promise<T>
}

export function createHttp({ url, key, token, fetch: send = fetch }: ClientOptions): Http {
  const base = url.replace(/\/+$/, '')
  const http: Http = {
    async send(path, { method = 'GET', query = {}, body, headers = {}, signal } = {}) {
      const target = new URL(/^https?:/.test(path) ? path : base + path)
      for (const [name, value] of Object.entries(query))
        if (value !== undefined) target.searchParams.set(name, value)
      // The token of a statusUrl takes precedence: it was made for this address.
      if (token !== undefined && !target.searchParams.has('token')) target.searchParams.set('token', token)
      const hasToken = target.searchParams.has('token')
      const response = await send(target, {
        method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(key !== undefined && !hasToken && { authorization: `Bearer ${key}` }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      })
      if (response.ok || response.status === 304) return response
      throw await toError(response)
    },
    async json<T>(path: string, options?: RequestOptions) {
      const response = await http.send(path, options)
      return (await response.json()) as T
    },
  }
  return http
}

async function toError(response: Response): Promise<TrackerApiError> {
  const { status, headers } = response
  const retryAfter = Number(headers.get('retry-after') ?? Number.NaN)
  const problem = await readProblem(response)
  return new TrackerApiError({
    message: problem.detail ?? problem.message ?? `The tracker responded with ${status}.`,
    code: problem.code,
    status,
    requestId: headers.get('x-request-id') ?? undefined,
    errors: problem.errors ?? [],
    retryAfterMs: Number.isFinite(retryAfter) ? retryAfter * 1000 : undefined,
  })
}

type ReadProblem = {
  code?: string
  detail?: string
  message?: string
  errors?: { field: string; message: string }[]
}

/** A proxy may respond with anything. */
async function readProblem(response: Response): Promise<ReadProblem> {
  const body: unknown = await response.json().catch(() => undefined)
  return typeof body === 'object' && body !== null ? body : {}
}
