import type { Environment, Variables } from './variables.ts'

const PROTOCOLS = ['http/protobuf', 'http/json'] as const

export type TracingSettings = { protocol: (typeof PROTOCOLS)[number] }

/**
 * Whether to export traces, by the variables of the OpenTelemetry specification. Null: no. `OTEL_…_FILE` has no meaning: the
 * OpenTelemetry packages read the other variables themselves, such as the endpoint and the sampler.
 */
export function parseTracing(env: Environment, variables: Variables): TracingSettings | null {
  const read = (name: string) => env[name]?.trim() || undefined
  if (read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return null
  const hasEndpoint = ENDPOINTS.some((name) => read(name) !== undefined)
  const exporter = read('OTEL_TRACES_EXPORTER') ?? (hasEndpoint ? 'otlp' : 'none')
  if (exporter === 'none') return null
  if (exporter !== 'otlp') {
    variables.addProblem('OTEL_TRACES_EXPORTER', 'must be otlp or none')
    return null
  }
  for (const endpoint of ENDPOINTS) {
    const url = read(endpoint)
    // With an invalid one, the packages would silently send the traces to this machine.
    if (url !== undefined && !(/^https?:/i.test(url) && URL.canParse(url)))
      variables.addProblem(endpoint, 'must be a URL that starts with http:// or https://')
  }
  const name = PROTOCOL_NAMES.find((each) => read(each) !== undefined)
  if (name === undefined) return { protocol: 'http/protobuf' }
  const protocol = PROTOCOLS.find((each) => each === read(name))
  if (protocol === undefined) {
    variables.addProblem(name, `must be ${PROTOCOLS.join(' or ')}; collectors accept both on port 4318`)
    return null
  }
  return { protocol }
}

const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']
const PROTOCOL_NAMES = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL']
