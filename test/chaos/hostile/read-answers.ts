/** One answer as it stood on the wire. */
export type WireAnswer = { status: number; headers: Map<string, string>; body: string }

/** What a server wrote: whole answers, and what is left of one that is not complete. Throws for what is no HTTP. */
export function readAnswers(text: string, options: { isHead: boolean; isClosed: boolean }) {
  const answers: WireAnswer[] = []
  let rest = text
  for (;;) {
    const taken = takeAnswer(rest, options)
    if (taken === undefined) return { answers, rest }
    if (taken.answer.status >= 200) answers.push(taken.answer)
    rest = taken.rest
  }
}

type Taken = { answer: WireAnswer; rest: string }

function takeAnswer(text: string, options: { isHead: boolean; isClosed: boolean }): Taken | undefined {
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
  const content = takeContent(after, status, headers, options)
  return content && { answer: { status, headers, body: content.body }, rest: content.rest }
}

function takeContent(
  text: string,
  status: number,
  headers: ReadonlyMap<string, string>,
  { isHead, isClosed }: { isHead: boolean; isClosed: boolean },
): { body: string; rest: string } | undefined {
  if (isHead || status < 200 || status === 204 || status === 304) return { body: '', rest: text }
  // It may go on for ever; what has come of it is taken as it is.
  if (headers.get('content-type') === 'text/event-stream') return { body: text, rest: '' }
  if (headers.get('transfer-encoding') === 'chunked') return takeChunks(text)
  const length = headers.get('content-length')
  if (length === undefined) return isClosed ? { body: text, rest: '' } : undefined
  const end = Number(length)
  return text.length < end ? undefined : { body: text.slice(0, end), rest: text.slice(end) }
}

function takeChunks(text: string): { body: string; rest: string } | undefined {
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
