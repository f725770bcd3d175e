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
