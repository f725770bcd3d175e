import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Attributes, Context } from '@opentelemetry/api'
import type { OpenTelemetry } from './open-telemetry.ts'

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE'])

/** Starts the span of a request. If the caller sent `traceparent`, it belongs to the caller's trace. `end` reads the response. */
export function startServerSpan(
  { api, tracer, propagator }: Pick<OpenTelemetry, 'api' | 'tracer' | 'propagator'>,
  {
    incoming,
    outgoing,
    route,
  }: { incoming: IncomingMessage; outgoing: ServerResponse; route: string | undefined },
): { context: Context; end: () => void } {
  const parent = propagator.extract(api.ROOT_CONTEXT, incoming.headers, api.defaultTextMapGetter)
  const method = METHODS.has(incoming.method ?? '') ? incoming.method : undefined
  const span = tracer.startSpan(
    [method ?? 'HTTP', ...(route === undefined ? [] : [route])].join(' '),
    {
      kind: api.SpanKind.SERVER,
      attributes: {
        'http.request.method': method ?? '_OTHER',
        'url.scheme': 'http',
        'network.protocol.version': incoming.httpVersion,
        ...pathAttributes(incoming.url ?? '', route),
      },
    },
    parent,
  )
  return {
    context: api.trace.setSpan(parent, span),
    end() {
      const { headersSent, statusCode } = outgoing
      if (headersSent) span.setAttribute('http.response.status_code', statusCode)
      if (!outgoing.writableFinished) span.setAttribute('error.type', 'connection_closed')
      else if (statusCode >= 500) {
        span.setAttribute('error.type', String(statusCode))
        span.setStatus({ code: api.SpanStatusCode.ERROR })
      }
      span.end()
    },
  }
}

/** A path that matches no route may be a misspelt address with a token, so it is left out. */
function pathAttributes(url: string, route: string | undefined): Attributes {
  if (route === undefined) return {}
  const path = route.includes(':token') ? route.replace(':token', 'REDACTED') : url.replace(/\?.*/s, '')
  return { 'http.route': route, 'url.path': path }
}
