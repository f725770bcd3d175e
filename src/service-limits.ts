import type { Config } from './config.ts'
import { readDescriptorLimit } from './descriptor-limit.ts'
import { BODY_IDLE_MS, UPLOAD_PACE } from './http/body-chunks.ts'
import { createBodyReaders, WHOLE_BODY_MS } from './http/read-body.ts'
import { CONNECTION_LIMITS } from './http/server.ts'
import type { Overrides } from './service-overrides.ts'

/** Descriptors reserved for everything but callers: the database, requests to ImageKit and notifications. */
const MAX_RESERVED = 256

/** Twice as many as were measured; each takes about 20 KiB. */
const MAX_WAITING = 20_000

/** The maximum number of connections, and how many of them may wait: a quarter is reserved for webhooks and everything else. */
export function connectionsFor(descriptors: number): { maxConnections: number; waiting: number } {
  const reserved = Math.min(MAX_RESERVED, Math.ceil(descriptors / 4))
  const maxConnections = Math.max(1, descriptors - reserved)
  return { maxConnections, waiting: Math.min(MAX_WAITING, Math.floor((maxConnections * 3) / 4)) }
}

/** The limits on the size and speed of requests. */
export function limitsOf({ maxUploadBytes }: Pick<Config, 'maxUploadBytes'>, overrides: Overrides) {
  const { maxConnections, waiting } = connectionsFor(overrides.descriptors ?? readDescriptorLimit())
  return {
    uploadLimits: {
      maxBytes: maxUploadBytes,
      idleMs: overrides.bodyIdleMs ?? BODY_IDLE_MS,
      pace: overrides.uploadPace ?? UPLOAD_PACE,
    },
    bodies: createBodyReaders(overrides.wholeBodyMs ?? WHOLE_BODY_MS),
    connectionLimits: { ...CONNECTION_LIMITS, maxConnections, ...overrides.connectionLimits },
    waitingLimits: { total: waiting, perToken: 20, perConnection: 4, ...overrides.waitingLimits },
  }
}
