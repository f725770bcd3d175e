import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { startListening } from './listening.ts'

/** A stand-in for ImageKit that does to each request what `script` says, however rude. */
export type BrokenImagekit = { url: string; calls: Call[] }

export async function startBrokenImagekit(
  script: (call: Call) => unknown = () => {},
): Promise<BrokenImagekit> {
  const calls: Call[] = []
  const server = createServer((incoming, outgoing) => {
    const call = new Call(incoming, outgoing)
    calls.push(call)
    void script(call)
  })
  return { url: await startListening(server), calls }
}

/** An address where nobody listens, nor comes to listen: a port that was free a moment ago may be another test's by now. */
export const NOBODYS_URL = 'http://127.0.0.1:1'

/** Longer than any form's closing boundary. */
const MAX_END = 200

/** One request as the stand-in sees it. Nothing of its body is read before the script asks for it. */
export class Call {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Resolves when the tracker has let go of the connection. */
  readonly closed: Promise<void>
  readonly #incoming: IncomingMessage
  readonly #outgoing: ServerResponse
  #received = ''
  /** Its end, for it is asked for after each chunk of forms that may be large. */
  #tail = ''

  constructor(incoming: IncomingMessage, outgoing: ServerResponse) {
    this.#incoming = incoming
    this.#outgoing = outgoing
    this.path = incoming.url ?? ''
    this.headers = incoming.headers
    incoming.on('error', () => {})
    // A connection that is kept has many calls, each of which waits for its end.
    const socket = incoming.socket.setMaxListeners(0)
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
  }

  /** What was read of the body so far, as UTF-8. */
  get received(): string {
    return this.#received
  }

  get isClosed(): boolean {
    return this.#incoming.socket.destroyed
  }

  get boundary(): string {
    return /boundary=(.*)$/.exec(this.headers['content-type'] ?? '')?.[1] ?? 'none'
  }

  get hasWholeForm(): boolean {
    return this.#tail.endsWith(`--${this.boundary}--\r\n`)
  }

  /** Reads on until `isEnough`. */
  async read(isEnough: () => boolean): Promise<string> {
    for (;;) {
      if (isEnough()) return this.#received
      const chunk: Buffer | null = this.#incoming.read()
      if (chunk !== null) this.#take(chunk.toString())
      else await Promise.race([this.#arrival(), this.closed])
      if (this.isClosed && this.#incoming.readableLength === 0) return this.#received
    }
  }

  #take(text: string): void {
    this.#received += text
    this.#tail = (this.#tail + text.slice(-MAX_END)).slice(-MAX_END)
  }

  #arrival(): Promise<void> {
    return new Promise((resolve) => this.#incoming.once('readable', () => resolve()))
  }

  readForm(): Promise<string> {
    return this.read(() => this.hasWholeForm)
  }

  async readJson(): Promise<unknown> {
    await this.read(() => Buffer.byteLength(this.#received) >= Number(this.headers['content-length']))
    return JSON.parse(this.#received)
  }

  readText(text: string): Promise<string> {
    return this.read(() => this.#received.includes(text))
  }

  /** The value of a field of the form. */
  field(name: string): string | undefined {
    const [, rest] = this.#received.split(`name="${name}"\r\n\r\n`)
    return rest?.split(`\r\n--${this.boundary}`)[0]
  }

  answer(status: number, body: object | string, headers: { [name: string]: string } = {}): void {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    this.#outgoing.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
  }

  /** Begins an answer that never ends. */
  beginAnswer(status: number, text: string): void {
    this.#outgoing.writeHead(status, { 'content-type': 'application/json', 'content-length': '100000' })
    this.#outgoing.write(text)
  }

  breakOff(): void {
    this.#incoming.socket.resetAndDestroy()
  }
}

/** ImageKit's answer to an upload, as documented. */
export function uploadedFile(fileId: string, more: object = {}): object {
  return {
    fileId,
    name: 'shirt_Ab12.jpg',
    size: 5,
    versionInfo: { id: fileId, name: 'Version 1' },
    filePath: '/shirt_Ab12.jpg',
    url: 'https://ik.imagekit.io/demo/shirt_Ab12.jpg',
    fileType: 'image',
    AITags: null,
    ...more,
  }
}
