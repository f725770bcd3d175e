import { TrackerApiError, TrackerConnectionError } from './errors.ts'

export type ClientOptions = {
  /** The tracker's URL, such as `https://tracker.example.com`. */
  url: string
  /** An API key, or for `failures` and `retry` an admin key. It is sent to `url` only. Never send a key to a browser. */
  key?: string | undefined
  /** The token of a `statusUrl`, for a browser. It gives access to one asset or submission only. */
  token?: string | undefined
  /** Replaces the global `fetch`. */
  fetch?: typeof fetch | undefined
}

type RequestOptions = {
  method?: string
  query?: { readonly [name: string]: string | undefined }
  body?: unknown
  headers?: { readonly [name: string]: string }
  signal?: AbortSignal | undefined
}

export type Http = {
  /**
   * Sends a request to a path of the tracker, or to an absolute URL. Outside of the tracker's own URL, it sends neither the key nor the
   * token of the client, and rejects a URL that has no token of its own. Rejects with `TrackerApiError` unless the response is a success
   * or 304, and with `TrackerConnectionError` without a response.
   */
  send(path: string, options?: RequestOptions): Promise<Response>
  /** Sends a request, and parses the JSON of its response. */
  json<T>(path: string, options?: RequestOptions): Promise<T>
}

/** Throws `TypeError` if `url` is not the URL of a tracker. */
export function createHttp({ url, key, token, fetch: send = fetch }: ClientOptions): Http {
  const base = parseBase(url)
  const http: Http = {
    async send(path, { method = 'GET', query = {}, body, headers = {}, signal } = {}) {
      const target = new URL(isUrl(path) ? path : base + path)
      for (const [name, value] of Object.entries(query))
        if (value !== undefined) target.searchParams.set(name, value)
      const isOwn = target.href.startsWith(`${base}/`)
      // The token of a statusUrl takes precedence: it was made for this address.
      if (isOwn && token !== undefined && !target.searchParams.has('token'))
        target.searchParams.set('token', token)
      const hasToken = target.searchParams.has('token')
      if (!isOwn && !hasToken)
        throw new TypeError(
          `Nothing was sent to ${target.origin}: it is not the tracker at ${base}, and the URL has no token of its own.`,
        )
      const allHeaders = new Headers({
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && isOwn && !hasToken && { authorization: `Bearer ${key}` }),
        ...headers,
      })
      const response = await send(target, {
        method,
        headers: allHeaders,
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      }).catch((error: unknown) => {
        signal?.throwIfAborted()
        throw new TrackerConnectionError(`No response from ${target.origin}`, error)
      })
      if (response.ok || response.status === 304) return response
      throw await toError(response)
    },
    async json<T>(path: string, options?: RequestOptions) {
      return readJson<T>(await http.send(path, options), options?.signal)
    },
  }
  return http
}

/** Whether a text is an absolute URL rather than a path or an id. */
export function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text)
}

/** Parses the JSON of a response. Rejects with `TrackerConnectionError` if it breaks off. */
export async function readJson<T>(response: Response, signal?: AbortSignal): Promise<T> {
  const text = await response.text().catch((error: unknown) => {
    signal?.throwIfAborted()
    throw new TrackerConnectionError('The response broke off', error)
  })
  return JSON.parse(text) as T
}

function parseBase(url: string): string {
  const rule = "The option `url` must be the tracker's URL, such as https://tracker.example.com"
  if (!isUrl(url) || !URL.canParse(url)) throw new TypeError(`${rule}. It is ${JSON.stringify(url)}.`)
  const { origin, pathname, username, password, search, hash } = new URL(url)
  // The error does not repeat the URL, because it may contain a key.
  if (username || password || search || hash)
    throw new TypeError(`${rule}, without user name, query or fragment.`)
  return `${origin}${pathname}`.replace(/\/+$/, '')
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
