/** One response as received. */
export type WireResponse = { status: number; headers: Map<string, string>; body: string }

/**
 * Parses what a server wrote: the complete responses without the interim ones (1xx), and the incomplete rest. Throws for anything
 * but HTTP. `isHead`: the responses are to HEAD requests, so they have no body. If the connection `isClosed`, the body of a response
 * without a length is complete.
 */
export function readResponses(text: string, options: { isHead: boolean; isClosed: boolean }) {
  const responses: WireResponse[] = []
  let rest = text
  for (;;) {
    const parsed = parseResponse(rest, options)
    if (parsed === undefined) return { responses, rest }
    if (parsed.response.status >= 200) responses.push(parsed.response)
    rest = parsed.rest
  }
}

type Parsed = { response: WireResponse; rest: string }

function parseResponse(text: string, options: { isHead: boolean; isClosed: boolean }): Parsed | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const [statusLine = '', ...lines] = text.slice(0, headEnd).split('\r\n')
  const [, code] = /^HTTP\/1\.1 ([1-9]\d\d) [^\r\n]*$/.exec(statusLine) ?? []
  if (code === undefined) throw new Error(`not a status line: ${JSON.stringify(statusLine.slice(0, 200))}`)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name, value] = /^([!-9;-~]+): ?([^\r\n\0]*)$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Error(`not a header: ${JSON.stringify(line)}`)
    headers.set(name.toLowerCase(), value)
  }
  const status = Number(code)
  const after = text.slice(headEnd + 4)
  const content = parseContent(after, status, headers, options)
  return content && { response: { status, headers, body: content.body }, rest: content.rest }
}

function parseContent(
  text: string,
  status: number,
  headers: ReadonlyMap<string, string>,
  { isHead, isClosed }: { isHead: boolean; isClosed: boolean },
): { body: string; rest: string } | undefined {
  if (isHead || status < 200 || status === 204 || status === 304) return { body: '', rest: text }
  // An event stream may never end, so the received part counts as its body.
  if (headers.get('content-type') === 'text/event-stream') return { body: text, rest: '' }
  if (headers.get('transfer-encoding') === 'chunked') return parseChunks(text)
  const length = headers.get('content-length')
  if (length === undefined) return isClosed ? { body: text, rest: '' } : undefined
  const end = Number(length)
  return text.length < end ? undefined : { body: text.slice(0, end), rest: text.slice(end) }
}

function parseChunks(text: string): { body: string; rest: string } | undefined {
  let body = ''
  let at = 0
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    const end = lineEnd + 2 + size
    if (text.length < end + 2) return undefined
    if (size === 0) return { body, rest: text.slice(end + 2) }
    body += text.slice(lineEnd + 2, end)
    at = end + 2
  }
}
