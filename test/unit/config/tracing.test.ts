import { expect, test } from 'vitest'
import { LOCAL, parse, problemsOf } from './parse-env.ts'

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }

test.each([
  ['no variable', {}, null],
  ['other OTEL_ variables', { OTEL_SERVICE_NAME: 'tracker' }, null],
  ['an empty endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, null],
  ['an endpoint', ENDPOINT, { protocol: 'http/protobuf' }],
  [
    'an endpoint of traces',
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://x/' },
    { protocol: 'http/protobuf' },
  ],
  ['the exporter otlp', { OTEL_TRACES_EXPORTER: 'otlp' }, { protocol: 'http/protobuf' }],
  ['an endpoint, but the exporter none', { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }, null],
  ['an endpoint, but a disabled SDK', { ...ENDPOINT, OTEL_SDK_DISABLED: 'True' }, null],
  ['JSON', { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, { protocol: 'http/json' }],
  [
    'JSON for traces only',
    {
      ...ENDPOINT,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
    },
    { protocol: 'http/json' },
  ],
])('with %s, the tracing settings are as the OpenTelemetry specification says', (_, env, expected) => {
  expect(parse({ ...LOCAL, ...env }).tracing).toEqual(expected)
})

test.each(['collector:4318', 'not a URL', 'grpc://collector:4317'])('the endpoint %s is a problem', (url) => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url }
  expect(problemsOf({ ...LOCAL, ...env })).toEqual([
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: must be a URL that starts with http:// or https://',
    'OTEL_EXPORTER_OTLP_ENDPOINT: must be a URL that starts with http:// or https://',
  ])
  expect(parse({ ...LOCAL, ...env, OTEL_TRACES_EXPORTER: 'none' }).tracing).toBeNull()
})

test('another exporter and another protocol are problems', () => {
  expect(problemsOf({ ...LOCAL, OTEL_TRACES_EXPORTER: 'zipkin' })).toEqual([
    'OTEL_TRACES_EXPORTER: must be otlp or none',
  ])
  expect(problemsOf({ ...LOCAL, ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toEqual([
    'OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf or http/json; collectors accept both on port 4318',
  ])
})
