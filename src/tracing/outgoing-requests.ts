import type { Attributes, Context } from '@opentelemetry/api'
import type { Dispatcher } from 'undici'
import type { OpenTelemetry } from './open-telemetry.ts'

/**
 * Adds a span to each request of a dispatcher, and the headers `traceparent` and `tracestate`. `showsUrl`: the URL is not
 * secret; its query is left out in any case.
 */
export function createClientSpans(
  deps: { telemetry: () => OpenTelemetry | undefined; activeContext: () => Context | undefined },
  { name, showsUrl }: { name: string; showsUrl: boolean },
): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const telemetry = deps.telemetry()
    if (telemetry === undefined) return dispatch(options, handler)
    const { api, tracer, propagator } = telemetry
    const parent = deps.activeContext() ?? api.ROOT_CONTEXT
    const kind = api.SpanKind.CLIENT
    const attributes = requestAttributes(options, showsUrl)
    const span = tracer.startSpan(`${options.method} ${name}`, { kind, attributes }, parent)
    const traceHeaders: { [name: string]: string } = {}
    propagator.inject(api.trace.setSpan(parent, span), traceHeaders, api.defaultTextMapSetter)
    const fail = (type: string) => {
      span.setAttribute('error.type', type)
      span.setStatus({ code: api.SpanStatusCode.ERROR })
    }
    return dispatch(
      { ...options, headers: Object.assign({}, options.headers, traceHeaders) },
      {
        onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
        onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
        onResponseStart(controller, status, headers, message) {
          span.setAttribute('http.response.status_code', status)
          if (status >= 400) fail(String(status))
          handler.onResponseStart?.(controller, status, headers, message)
        },
        onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
        onResponseEnd(controller, trailers) {
          span.end()
          handler.onResponseEnd?.(controller, trailers)
        },
        onResponseError(controller, error) {
          // The message of an error may contain an address.
          fail('code' in error ? String(error.code) : error.name)
          span.end()
          handler.onResponseError?.(controller, error)
        },
      },
    )
  }
}

function requestAttributes(
  { method, origin, path }: Dispatcher.DispatchOptions,
  showsUrl: boolean,
): Attributes {
  const url = new URL(path, origin)
  const defaultPort = url.protocol === 'https:' ? 443 : 80
  return {
    'http.request.method': method,
    'server.address': url.hostname,
    'server.port': url.port === '' ? defaultPort : Number(url.port),
    ...(showsUrl && { 'url.full': url.origin + url.pathname }),
  }
}
