import { type Receiver, startReceiver } from './receiver.ts'

/** A span as OTLP's JSON describes it, with its attributes as an object. `kind`: 1 internal, 2 server, 3 client. */
type ExportedSpan = {
  name: string
  kind: number
  traceId: string
  spanId: string
  parentSpanId?: string
  traceState?: string
  attributes: { [name: string]: unknown }
  status: { code?: number }
}

export type TraceReceiver = {
  url: string
  receiver: Receiver
  spans(): ExportedSpan[]
  /** The attributes of the process that exported the spans. */
  resource(): { [name: string]: unknown }
}

type OtlpAttribute = { key: string; value: { [type: string]: unknown } }
type OtlpSpan = Omit<ExportedSpan, 'attributes'> & { attributes: OtlpAttribute[] }
type OtlpRequest = {
  resourceSpans: { resource: { attributes: OtlpAttribute[] }; scopeSpans: { spans: OtlpSpan[] }[] }[]
}

/** Starts a server that accepts traces by OTLP over HTTP, as JSON. */
export async function startTraceReceiver(): Promise<TraceReceiver> {
  const receiver = await startReceiver((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  const resourceSpans = () =>
    receiver.requests.flatMap(({ body }) => (JSON.parse(body) as OtlpRequest).resourceSpans)
  return {
    url: new URL(receiver.url).origin,
    receiver,
    spans: () =>
      resourceSpans()
        .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
        .map((span) => ({ ...span, attributes: attributesOf(span.attributes) })),
    resource: () => attributesOf(resourceSpans()[0]?.resource.attributes ?? []),
  }
}

function attributesOf(list: readonly OtlpAttribute[]): { [name: string]: unknown } {
  return Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]]))
}
