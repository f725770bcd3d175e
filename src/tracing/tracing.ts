import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from '@opentelemetry/api'
import type { Dispatcher } from 'undici'
import { startServerSpan } from './incoming-requests.ts'
import { type OpenTelemetry, startOpenTelemetry, type TracingLog } from './open-telemetry.ts'
import { createClientSpans } from './outgoing-requests.ts'

type Handler = (incoming: IncomingMessage, outgoing: ServerResponse) => void

/** The span of a request, for everything that runs because of that request. */
type Scope = { context: Context; isEnded: boolean }

/**
 * Traces of OpenTelemetry. Nothing is traced before `start`. Names and attributes of spans follow its semantic conventions, but no
 * span contains a query, a token or the address of a notification, which may be secret.
 */
export function createTracing(
  settings: { protocol: 'http/protobuf' | 'http/json' },
  { version }: { version: string },
) {
  const scopes = new AsyncLocalStorage<Scope>()
  let telemetry: OpenTelemetry | undefined

  /** A timer, such as that of a log line about many requests, inherits the scope of one of them, which has ended by then. */
  const activeContext = (): Context | undefined => {
    const scope = scopes.getStore()
    return scope?.isEnded === false ? scope.context : undefined
  }

  return {
    /** Throws `MissingPackageError`. */
    async start(log: TracingLog): Promise<void> {
      telemetry = await startOpenTelemetry(settings.protocol, { version, log })
      log.info({ event: 'tracing.started' }, 'traces are exported')
    },

    /** Exports the remaining spans. */
    async stop(): Promise<void> {
      await telemetry?.shutdown()
    },

    /** The fields that tie a log line to the request's span, with the names that OpenTelemetry specifies for JSON logs. */
    logFields: (): { trace_id?: string; span_id?: string } => {
      const context = activeContext()
      const span = context && telemetry?.api.trace.getSpanContext(context)
      return span ? { trace_id: span.traceId, span_id: span.spanId } : {}
    },

    /** The `traceparent` of the span of the present request, to continue its trace later; null outside of a request. */
    traceparent(): string | null {
      const context = activeContext()
      const headers: { traceparent?: string } = {}
      if (telemetry !== undefined && context !== undefined)
        telemetry.propagator.inject(context, headers, telemetry.api.defaultTextMapSetter)
      return headers.traceparent ?? null
    },

    /** Runs a task in the trace of an earlier request. Without `traceparent`, its calls begin traces of their own. */
    continueTrace<Result>(traceparent: string | null | undefined, task: () => Result): Result {
      if (telemetry === undefined || !traceparent) return task()
      const { api, propagator } = telemetry
      const context = propagator.extract(api.ROOT_CONTEXT, { traceparent }, api.defaultTextMapGetter)
      return scopes.run({ context, isEnded: false }, task)
    },

    /** A span for each request. `routeOf` returns the pattern of the route that a request matches. */
    traceRequests(handler: Handler, routeOf: (incoming: IncomingMessage) => string | undefined): Handler {
      return (incoming, outgoing) => {
        if (telemetry === undefined) return handler(incoming, outgoing)
        const { context, end } = startServerSpan(telemetry, { incoming, outgoing, route: routeOf(incoming) })
        const scope = { context, isEnded: false }
        outgoing.once('close', () => {
          scope.isEnded = true
          end()
        })
        scopes.run(scope, handler, incoming, outgoing)
      }
    },

    /** A span for each request that is sent; its headers pass the trace on. */
    traceCalls: (options: { name: string; showsUrl: boolean }): Dispatcher.DispatcherComposeInterceptor =>
      createClientSpans({ telemetry: () => telemetry, activeContext }, options),

    /** A span for each of these writes of a request, until it is committed. */
    traceWrites<Target extends object>(target: Target, methods: readonly (keyof Target)[]): Target {
      const traced = new Set<PropertyKey>(methods)
      return new Proxy(target, {
        get(object, name, receiver) {
          const value: unknown = Reflect.get(object, name, receiver)
          if (typeof value !== 'function' || !traced.has(name)) return value
          return async (...args: unknown[]): Promise<unknown> => {
            const context = activeContext()
            if (telemetry === undefined || context === undefined) return Reflect.apply(value, object, args)
            const span = telemetry.tracer.startSpan(`store ${String(name)}`, {}, context)
            try {
              return await Reflect.apply(value, object, args)
            } catch (error) {
              span.setStatus({ code: telemetry.api.SpanStatusCode.ERROR })
              throw error
            } finally {
              span.end()
            }
          }
        },
      })
    },
  }
}
