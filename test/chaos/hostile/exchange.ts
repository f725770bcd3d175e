import { connect } from 'node:net'
import { readAnswers, type WireAnswer } from './read-answers.ts'

/** `wait` for the answers, say that nothing more will come (`fin`), or break off when the last byte is out (`reset`). */
type Ending = 'wait' | 'fin' | 'reset'

type ExchangeOptions = {
  isHead?: boolean
  ending?: Ending
  patienceMs: number
  isEnough: (answers: readonly WireAnswer[]) => boolean
}

/**
 * Sends bytes as they are, one piece after another, and takes what comes back until it `isEnough`, until the server closes, or
 * until nothing came for `patienceMs`; then it breaks off. Resolves with the answers that came whole; rejects for what is no HTTP.
 */
export function exchange(
  url: URL,
  pieces: readonly Buffer[],
  options: ExchangeOptions,
): Promise<WireAnswer[]> {
  const { isHead = false, ending = 'wait', patienceMs, isEnough } = options
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(url.port), host: url.hostname, noDelay: true })
    let text = ''
    const take = (isClosed: boolean) => {
      try {
        const { answers } = readAnswers(text, { isHead, isClosed })
        if (!isClosed && !isEnough(answers)) return
        resolve(answers)
      } catch (error) {
        reject(error)
      }
      clearTimeout(timer)
      socket.destroy()
    }
    const timer = setTimeout(() => take(true), patienceMs)
    const send = (index: number) => {
      const piece = pieces[index]
      if (piece !== undefined) socket.write(piece, () => setImmediate(send, index + 1))
      else if (ending === 'fin') socket.end()
      else if (ending === 'reset') socket.resetAndDestroy()
    }
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      timer.refresh()
      take(false)
    })
    // A server that refuses in the middle of a request may reset the connection: what it had written counts.
    socket.on('error', () => {})
    socket.on('close', () => take(true))
    send(0)
  })
}
