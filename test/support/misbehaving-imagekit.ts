import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { startListening } from './listening.ts'

export type MisbehavingImagekit = {
  url: string
  calls: Call[]
  /** Returns the number of calls whose body was received completely. */
  countCompleteCalls(): number
}

/**
 * Starts a server in place of ImageKit, for failures that the sandbox does not simulate. `handle` decides what each call gets: a
 * response, a part of one, a broken connection, or nothing, which is the default.
 */
export async function startMisbehavingImagekit(
  handle: (call: Call) => unknown = () => {},
): Promise<MisbehavingImagekit> {
  const calls: Call[] = []
  const server = createServer((incoming, outgoing) => {
    const call = new Call(incoming, outgoing)
    calls.push(call)
    void handle(call)
  })
  return {
    url: await startListening(server),
    calls,
    countCompleteCalls: () => calls.filter(({ incoming }) => incoming.complete).length,
  }
}

/** No test listens on port 1. Any other port that is free now could be used by another test a moment later. */
export const UNREACHABLE_URL = 'http://127.0.0.1:1'

/** The length of `#tail` in characters; longer than the closing boundary of any form. */
const TAIL_LENGTH = 200

/** One request to the misbehaving ImageKit. Its body is read only by the `read…` methods. */
export class Call {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Resolves once the connection is closed, by either side. */
  readonly closed: Promise<void>
  readonly incoming: IncomingMessage
  /** For responses that `respond` cannot send. */
  readonly outgoing: ServerResponse
  #received = ''
  /** The end of `#received`, for `hasWholeForm`: searching all of a large form after each chunk would be slow. */
  #tail = ''

  constructor(incoming: IncomingMessage, outgoing: ServerResponse) {
    this.incoming = incoming
    this.outgoing = outgoing
    this.path = incoming.url ?? ''
    this.headers = incoming.headers
    incoming.on('error', () => {})
    // Each call adds a listener. A keep-alive connection has many calls, and Node.js would warn about more than ten listeners.
    const socket = incoming.socket.setMaxListeners(0)
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
  }

  /** The part of the body that has been read, but not by `readToEnd`. Each chunk is decoded as UTF-8 by itself. */
  get received(): string {
    return this.#received
  }

  get isClosed(): boolean {
    return this.incoming.socket.destroyed
  }

  get boundary(): string {
    return /boundary=(.*)$/.exec(this.headers['content-type'] ?? '')?.[1] ?? 'none'
  }

  /** Whether what has been read ends with the form's closing boundary. */
  get hasWholeForm(): boolean {
    return this.#tail.endsWith(`--${this.boundary}--\r\n`)
  }

  /** Reads the body until `isEnough`, or until the connection closes. Resolves with all that was read, by earlier calls, too. */
  async read(isEnough: () => boolean): Promise<string> {
    for (;;) {
      if (isEnough()) return this.#received
      const chunk: Buffer | null = this.incoming.read()
      if (chunk !== null) this.#append(chunk.toString())
      else await Promise.race([this.#readable(), this.closed])
      if (this.isClosed && this.incoming.readableLength === 0) return this.#received
    }
  }

  #append(text: string): void {
    this.#received += text
    this.#tail = (this.#tail + text.slice(-TAIL_LENGTH)).slice(-TAIL_LENGTH)
  }

  #readable(): Promise<void> {
    return new Promise((resolve) => this.incoming.once('readable', () => resolve()))
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

  /** Reads the body without keeping it. Resolves with false if the connection closes before the end of the body. */
  readToEnd(): Promise<boolean> {
    return new Promise((resolve) => {
      this.incoming.once('end', () => resolve(true)).once('close', () => resolve(false))
      this.incoming.resume()
    })
  }

  /** The value of a form field; undefined if the field has not been read. */
  field(name: string): string | undefined {
    const [, rest] = this.#received.split(`name="${name}"\r\n\r\n`)
    return rest?.split(`\r\n--${this.boundary}`)[0]
  }

  respond(status: number, body: object | string, headers: { [name: string]: string } = {}): void {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    this.outgoing.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
  }

  /** Starts a response that never ends. */
  beginResponse(status: number, text: string): void {
    this.outgoing.writeHead(status, { 'content-type': 'application/json', 'content-length': '100000' })
    this.outgoing.write(text)
  }

  /** Resets the connection. */
  breakOff(): void {
    this.incoming.socket.resetAndDestroy()
  }
}

/** A successful response to an upload, with some of the fields that ImageKit documents. */
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
