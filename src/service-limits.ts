import type { Config } from './config.ts'
import { BODY_IDLE_MS, UPLOAD_PACE } from './http/body-chunks.ts'
import { createBodyReaders, WHOLE_BODY_MS } from './http/read-body.ts'
import { CONNECTION_LIMITS } from './http/server.ts'
import type { Overrides } from './service-overrides.ts'

/** How much, and how slowly, those may send who ask something of us. */
export function limitsOf({ maxUploadBytes }: Pick<Config, 'maxUploadBytes'>, overrides: Overrides) {
  return {
    uploadLimits: {
      maxBytes: maxUploadBytes,
      idleMs: overrides.bodyIdleMs ?? BODY_IDLE_MS,
      pace: overrides.uploadPace ?? UPLOAD_PACE,
    },
    bodies: createBodyReaders(overrides.wholeBodyMs ?? WHOLE_BODY_MS),
    connectionLimits: { ...CONNECTION_LIMITS, ...overrides.connectionLimits },
  }
}
