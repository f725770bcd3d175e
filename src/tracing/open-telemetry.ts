import type * as Api from '@opentelemetry/api'
import type { SpanExporter } from '@opentelemetry/sdk-trace-base'
import { describeLoadFailure, MissingPackageError } from '../domain/missing-package.ts'

type Protocol = 'http/protobuf' | 'http/json'

export type TracingLog = { [level in 'info' | 'warn']: (fields: object, text: string) => void }

export type OpenTelemetry = {
  api: typeof Api
  tracer: Api.Tracer
  /** Reads and writes the headers of W3C Trace Context. */
  propagator: Api.TextMapPropagator
  /** Exports the remaining spans. If the receiver does not respond, this takes as long as `OTEL_EXPORTER_OTLP_TIMEOUT`. */
  shutdown(): Promise<void>
}

const NAME = 'imagekit-extension-tracker'

/**
 * Loads the OpenTelemetry packages, and starts to export spans. The packages read the sampler, the limits and the endpoint from the
 * `OTEL_…` variables of the process. Nothing is registered globally. Throws `MissingPackageError`.
 */
export async function startOpenTelemetry(
  protocol: Protocol,
  { version, log }: { version: string; log: TracingLog },
): Promise<OpenTelemetry> {
  const { api, core, resources, sdk, exporter } = await loadPackages(protocol)
  const resource = resources
    .defaultResource()
    .merge(resources.resourceFromAttributes({ 'service.name': NAME, 'service.version': version }))
    .merge(resources.detectResources({ detectors: [resources.envDetector] }))
  const processor = new sdk.BatchSpanProcessor(reportFailures(new exporter.OTLPTraceExporter(), log))
  const provider = new sdk.BasicTracerProvider({ resource, spanProcessors: [processor] })
  return {
    api,
    tracer: provider.getTracer(NAME, version),
    propagator: new core.W3CTraceContextPropagator(),
    shutdown: () =>
      provider.shutdown().catch((err: unknown) => {
        log.warn({ event: 'tracing.failed', err }, 'the last traces could not be exported')
      }),
  }
}

/** Logs when exporting begins to fail, and when it works again. The SDK itself would drop the spans without a word. */
function reportFailures(exporter: SpanExporter, log: TracingLog): SpanExporter {
  let isFailing = false
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        // 0 is ExportResultCode.SUCCESS.
        const hasFailed = result.code !== 0
        if (hasFailed && !isFailing)
          log.warn({ event: 'tracing.failed', err: result.error }, 'traces could not be exported')
        if (!hasFailed && isFailing) log.info({ event: 'tracing.recovered' }, 'traces are exported again')
        isFailing = hasFailed
        done(result)
      })
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  }
}

async function loadPackages(protocol: Protocol) {
  const exporterName = `@opentelemetry/exporter-trace-otlp-${protocol === 'http/json' ? 'http' : 'proto'}`
  const [api, core, resources, sdk, exporter] = await Promise.allSettled([
    import('@opentelemetry/api'),
    import('@opentelemetry/core'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-base'),
    protocol === 'http/json'
      ? import('@opentelemetry/exporter-trace-otlp-http')
      : import('@opentelemetry/exporter-trace-otlp-proto'),
  ])
  if (
    api.status === 'fulfilled' &&
    core.status === 'fulfilled' &&
    resources.status === 'fulfilled' &&
    sdk.status === 'fulfilled' &&
    exporter.status === 'fulfilled'
  ) {
    return {
      api: api.value,
      core: core.value,
      resources: resources.value,
      sdk: sdk.value,
      exporter: exporter.value,
    }
  }
  const problems = [
    describeLoadFailure('@opentelemetry/api', api),
    describeLoadFailure('@opentelemetry/core', core),
    describeLoadFailure('@opentelemetry/resources', resources),
    describeLoadFailure('@opentelemetry/sdk-trace-base', sdk),
    describeLoadFailure(exporterName, exporter),
  ]
  throw new MissingPackageError(
    `Traces are enabled by OTEL_… variables, but need optional packages that can't be loaded:\n${problems.join('')}` +
      `Install them with: npm install @opentelemetry/api@1.9 @opentelemetry/core@2 @opentelemetry/resources@2 @opentelemetry/sdk-trace-base@2 ${exporterName}@0.223\n` +
      'To start without traces, set OTEL_SDK_DISABLED=true.',
  )
}
