import { TrackerApiError, TrackerConnectionError } from './errors.ts'
import { type AssetStatus, pathOf, poll, type Submission } from './follow.ts'
import { type Http, isUrl } from './http.ts'
import { isTemporary } from './repeat.ts'
import { createTimeLimit, type TimeLimit } from './time-limit.ts'

/** The tracker writes to a stream every 15 seconds. A connection whose other end is gone, or a proxy that buffers, reports no error. */
const MAX_SILENCE_MS = 45_000

type Event = { id: string | undefined; data: string }

/**
 * The present status of an asset, then each newer one, until nothing is pending. `target` is a fileId or a `statusUrl`. Uses
 * server-sent events, and long polling if the connection does not pass them on. Rejects with the reason of `signal`.
 */
export async function* watch(
  http: Http,
  target: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): AsyncGenerator<AssetStatus, void> {
  let lastId: string | undefined
  const limit = createTimeLimit(signal, () => new TrackerConnectionError('Nothing came through the stream.'))
  try {
    limit.start(MAX_SILENCE_MS)
    const headers: { [name: string]: string } = { accept: 'text/event-stream' }
    const response = await http.send(eventsPathOf(target), { headers, signal: limit.signal })
    if (response.body !== null && response.headers.get('content-type')?.startsWith('text/event-stream')) {
      for await (const { id, data } of readEvents(response.body, limit)) {
        const status = JSON.parse(data) as AssetStatus | Submission
        // The stream of a submission continues with the statuses of its asset.
        if ('submissionId' in status) continue
        lastId = id
        yield status
        if (status.status !== 'pending') return
      }
    } else await response.body?.cancel()
  } catch (error) {
    signal?.throwIfAborted()
    // The tracker's own answer, such as an unknown id, would be the same to a poll.
    if (error instanceof TrackerApiError && !isTemporary(error)) throw error
  } finally {
    limit.end()
  }
  // The stream ended early, or never began: a proxy may buffer it or cut it off.
  yield* poll(http, target, { signal, etag: lastId })
}

function eventsPathOf(target: string): string {
  const path = pathOf(target)
  if (!isUrl(path)) return path.replace(/\/status$/, '/events')
  const url = new URL(path)
  url.pathname = `${url.pathname.replace(/\/status$/, '')}/events`
  return url.href
}

/** Parses the events of a stream: https://html.spec.whatwg.org/multipage/server-sent-events.html */
async function* readEvents(
  stream: ReadableStream<Uint8Array>,
  limit: TimeLimit,
): AsyncGenerator<Event, void> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader()
  let buffered = ''
  try {
    for (;;) {
      limit.start(MAX_SILENCE_MS)
      const { done, value } = await reader.read()
      // While the caller handles an event, nothing is read.
      limit.stop()
      if (done) return
      buffered += value
      const blocks = buffered.split(/\r?\n\r?\n/)
      buffered = blocks.pop() ?? ''
      for (const block of blocks) {
        const fields = block.split(/\r?\n/)
        const valuesOf = (name: string) =>
          fields.flatMap((line) =>
            line.startsWith(`${name}:`) ? [line.slice(name.length + 1).replace(/^ /, '')] : [],
          )
        const data = valuesOf('data').join('\n')
        if (data !== '') yield { id: valuesOf('id')[0], data }
      }
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}
