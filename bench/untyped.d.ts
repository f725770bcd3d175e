// Types for the parts of untyped packages that the bench and the tests use.

declare module 'autocannon' {
  type Request = { method?: string; path?: string; headers?: { [name: string]: string }; body?: string }
  type Result = {
    /** In milliseconds. */
    latency: { p50: number; p99: number; max: number }
    requests: { total: number }
    '4xx': number
    '5xx': number
    errors: number
    /** In seconds. */
    duration: number
  }
  export default function autocannon(options: {
    url: string
    connections: number
    duration: number
    requests: { setupRequest: (request: Request) => Request }[]
  }): Promise<Result>
}

declare module 'express' {
  import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'

  type Request = IncomingMessage & {
    params: { [name: string]: string }
    body: Buffer
    get(name: string): string | undefined
  }
  type Response = ServerResponse & { json(value: unknown): void; sendStatus(status: number): void }
  type Handler = (request: Request, response: Response) => void
  /** It is only passed on. The property exists only in this type, so that nothing else is assignable to it. */
  type Middleware = { isMiddleware: true }
  type App = RequestListener & {
    use(path: string, handler: RequestListener): App
    use(middleware: Middleware): App
    get(path: string, handler: Handler): void
    post(path: string, body: Middleware, handler: Handler): void
    listen(port: number, host: string, listening: () => void): Server
  }
  const express: { (): App; json(): Middleware; raw(options: { type: () => boolean }): Middleware }
  export default express
}
