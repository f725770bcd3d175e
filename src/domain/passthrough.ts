/** Which of ImageKit's other routes are forwarded: none, only those that read, or all that are listed. */
export const PASSTHROUGH_MODES = ['off', 'read', 'all'] as const

export type PassthroughMode = (typeof PASSTHROUGH_MODES)[number]

/** A route of ImageKit's. `path` may contain parameters, as in `/v1/files/:fileId`. */
type ForwardedRoute = { method: string; path: string }

export function isForwarded(mode: PassthroughMode, { method }: Pick<ForwardedRoute, 'method'>): boolean {
  return mode === 'all' || (mode === 'read' && method === 'GET')
}

/** Whether only an operator may send it: what a route deletes can't be restored. */
export function requiresAdmin({ method, path }: ForwardedRoute): boolean {
  return method === 'DELETE' || path === '/v1/files/batch/deleteByFileIds'
}

/** A path as it is forwarded, its decoded parameters, and the query with its question mark; empty without a query. */
export type ForwardedTarget = { path: string; params: { [name: string]: string }; query: string }

/**
 * Reads the target of a request to a route, as it was sent. Null if the path could arrive at ImageKit as another one: with dot segments,
 * encoded dots, slashes, backslashes or percent signs, with `;` or `//`, or with an encoded name of the route itself. A trailing
 * slash is dropped.
 */
export function readTarget(target: string, { path }: Pick<ForwardedRoute, 'path'>): ForwardedTarget | null {
  const [, sent = '', query = ''] = /^([^?#]*)(\?[^#]*)?$/.exec(target) ?? []
  const segments = sent.replace(/\/$/, '').split('/')
  const expected = path.split('/')
  if (segments.length !== expected.length) return null
  const params: ForwardedTarget['params'] = {}
  for (const [index, segment] of segments.entries()) {
    const name = expected[index] ?? ''
    if (!name.startsWith(':') && segment !== name) return null
    if (!name.startsWith(':')) continue
    const value = decodeSegment(segment)
    if (value === null) return null
    params[name.slice(1)] = value
  }
  return { path: segments.join('/'), params, query }
}

/** Characters that no server treats specially in a segment, or any other octet, encoded. */
const SEGMENT = /^(?:[\w.~!$'()*+,=:@&-]|%[0-9A-F]{2})+$/i
/** Encoded controls, dots, slashes, semicolons, backslashes and percent signs. */
const ENCODED_SPECIAL = /%(?:[01][0-9A-F]|7F|25|2E|2F|3B|5C)/i

function decodeSegment(segment: string): string | null {
  if (!SEGMENT.test(segment) || ENCODED_SPECIAL.test(segment) || /^\.+$/.test(segment)) return null
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}
