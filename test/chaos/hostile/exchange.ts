import { connect } from 'node:net'
import { readResponses, type WireResponse } from './read-responses.ts'

/** What follows the last byte: `wait` keeps the connection open, `fin` closes our side of it, `reset` resets it. */
type Ending = 'wait' | 'fin' | 'reset'

type ExchangeOptions = {
  /** Whether the bytes are a HEAD request, so that the response has no body. */
  isHead?: boolean
  ending?: Ending
  idleTimeoutMs: number
  isEnough: (responses: readonly WireResponse[]) => boolean
}

/**
 * Sends bytes as they are, one piece after another, and reads until `isEnough`, until the server closes, or until
 * nothing came for `idleTimeoutMs`; then it disconnects. Resolves with the complete responses; rejects for anything but HTTP.
 */
export function exchange(
  url: URL,
  pieces: readonly Buffer[],
  options: ExchangeOptions,
): Promise<WireResponse[]> {
  const { isHead = false, ending = 'wait', idleTimeoutMs, isEnough } = options
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(url.port), host: url.hostname, noDelay: true })
    let text = ''
    /** Ends the exchange if the responses so far are enough, or if `isClosed`: then no more bytes are expected. */
    const finishIfOver = (isClosed: boolean) => {
      try {
        const { responses } = readResponses(text, { isHead, isClosed })
        if (!isClosed && !isEnough(responses)) return
        resolve(responses)
      } catch (error) {
        reject(error)
      }
      clearTimeout(timer)
      socket.destroy()
    }
    const timer = setTimeout(() => finishIfOver(true), idleTimeoutMs)
    const send = (index: number) => {
      const piece = pieces[index]
      if (piece !== undefined) socket.write(piece, () => setImmediate(send, index + 1))
      else if (ending === 'fin') socket.end()
      else if (ending === 'reset') socket.resetAndDestroy()
    }
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      timer.refresh()
      finishIfOver(false)
    })
    // A server that rejects in the middle of a request may reset the connection. The bytes received before that still count.
    socket.on('error', () => {})
    socket.on('close', () => finishIfOver(true))
    send(0)
  })
}
