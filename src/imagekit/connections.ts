import { Agent, type Dispatcher } from 'undici'

/** The connections to ImageKit. `timeoutMs`: how long ImageKit may send nothing. A larger response than `maxResponseBytes` is aborted. */
export function createConnections({
  timeoutMs,
  maxResponseBytes,
  trace,
}: {
  timeoutMs: number
  maxResponseBytes: number
  /** Traces the requests. */
  trace: Dispatcher.DispatcherComposeInterceptor | undefined
}): {
  dispatcher: Dispatcher
  /** Aborts requests in flight. */
  close: () => Promise<void>
} {
  const agent = new Agent({
    connectTimeout: 10_000,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: maxResponseBytes,
  })
  return {
    dispatcher: trace ? agent.compose(trace) : agent,
    // Not `close` of the `Agent` first: a closed one forgets which connections to abort.
    close: () => agent.destroy(),
  }
}
