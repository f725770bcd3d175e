import { type Explanation, TrackerApiError, TrackerConnectionError } from './errors.ts'

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
  method?: string | undefined
  /** Null and undefined are left out. */
  query?: { readonly [name: string]: string | number | boolean | null | undefined }
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is. */
  body?: string | AsyncIterable<Uint8Array> | undefined
  headers?: { readonly [name: string]: string }
  signal?: AbortSignal | undefined
}

export type Http = {
  /**
   * Sends a request to a path of the tracker, or to an absolute URL. Outside of the tracker's own URL, it sends neither the key nor the
   * token of the client, and rejects a URL that is not a `statusUrl` with a token of its own. Rejects with `TrackerApiError` unless the
   * response is a success or 304, and with `TrackerConnectionError` without a response.
   */
  send(path: string, options?: RequestOptions): Promise<Response>
  /** Sends a request, and parses the JSON of its response. */
  json<T>(path: string, options?: RequestOptions): Promise<T>
}

export const NOT_FROM_TRACKER =
  'The response is not from the tracker: it is not the JSON that was requested. Does `url` point to the tracker?'

/** A `target` may come from a user, who must not be able to have any URL requested. */
const STATUS_PATH = /\/(assets\/[^/]+\/(status|events)|submissions\/[^/]+(\/events)?)$/

/** Throws `TypeError` if `url` or `key` is invalid. */
export function createHttp({ url, key, token, fetch: send = fetch }: ClientOptions): Http {
  const base = parseBase(url)
  const authorization = key === undefined ? undefined : authorizationOf(key)
  const http: Http = {
    async send(path, { method = 'GET', query = {}, json, body, headers = {}, signal } = {}) {
      const target = new URL(isUrl(path) ? path : base + path)
      for (const [name, value] of Object.entries(query))
        if (value !== undefined && value !== null) target.searchParams.set(name, String(value))
      const isOwn = target.href.startsWith(`${base}/`)
      // The token of a statusUrl takes precedence: it was made for this address.
      if (isOwn && token !== undefined && !target.searchParams.has('token'))
        target.searchParams.set('token', token)
      // Where a token is sent, no key is.
      const hasToken = target.searchParams.has('token')
      if (!isOwn && !(hasToken && STATUS_PATH.test(target.pathname)))
        throw new TypeError(
          `Nothing was sent to ${target.origin}: it is not the tracker at ${base}, and the URL is no statusUrl with a token of its own.`,
        )
      const allHeaders = new Headers({
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...(authorization !== undefined && !hasToken && { authorization }),
        ...headers,
      })
      const response = await send(target, {
        method,
        headers: allHeaders,
        body: json === undefined ? (body ?? null) : JSON.stringify(json),
        // A redirect would turn a POST into a GET, and hide that `url` is not the tracker's URL.
        redirect: 'manual',
        ...(signal && { signal }),
      }).catch((error: unknown) => {
        signal?.throwIfAborted()
        throw new TrackerConnectionError(`No response from ${target.origin}`, error)
      })
      if (response.ok || response.status === 304) return response
      throw await toError(response, signal)
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

/** Parses the JSON object of a response. Rejects with `TrackerApiError` if it is none. */
export async function readJson<T>(response: Response, signal?: AbortSignal): Promise<T> {
  const body = parseObject(await readText(response, signal))
  if (body === undefined) throw new TrackerApiError(response, {}, NOT_FROM_TRACKER)
  return body as T
}

/** The body of a response. Rejects with `TrackerConnectionError` if it breaks off. */
export function readText(response: Response, signal?: AbortSignal): Promise<string> {
  return response.text().catch((error: unknown) => {
    signal?.throwIfAborted()
    throw new TrackerConnectionError('The response broke off', error)
  })
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

/** The errors don't contain the key. */
function authorizationOf(key: string): string {
  if (key === '' || key.includes(':'))
    throw new TypeError(
      'The option `key` must be the secret of a key: of `name:secret`, only the part after the colon.',
    )
  try {
    return new Headers({ authorization: `Bearer ${key}` }).get('authorization') ?? ''
  } catch {
    throw new TypeError('The option `key` has a character that a header cannot contain.')
  }
}

async function toError(response: Response, signal: AbortSignal | undefined): Promise<TrackerApiError> {
  const { type, status, headers } = response
  const text = await response.text().catch(() => '')
  signal?.throwIfAborted()
  const explanation = explain(text)
  // Browsers hide the status and the headers of a redirect.
  if (type !== 'opaqueredirect' && (status < 300 || status > 399))
    return new TrackerApiError(response, explanation)
  const location = headers.get('location') ?? 'another address'
  const message = `The server redirects to ${location}. Set the option \`url\` to the tracker's final URL.`
  return new TrackerApiError(response, explanation, message)
}

/** Reads a problem of the tracker, or an error in ImageKit's format. A proxy may respond with anything. */
function explain(text: string): Explanation {
  const body = parseObject(text) ?? {}
  const textOf = (name: string) => (typeof body[name] === 'string' ? body[name] : undefined)
  const { errors } = body
  return {
    code: textOf('code'),
    detail: textOf('detail') ?? textOf('message'),
    help: textOf('help'),
    errors: Array.isArray(errors) ? errors.filter(isFieldError) : [],
  }
}

function isFieldError(error: unknown): error is { field: string; message: string } {
  if (typeof error !== 'object' || error === null || !('field' in error && 'message' in error)) return false
  return typeof error.field === 'string' && typeof error.message === 'string'
}

/** The object that a text contains as JSON; undefined if it contains none. */
function parseObject(text: string): { [name: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}
