// The goals. The long form reports which of them are met. The short form, which CI runs, fails where a figure has collapsed: the
// bound for that lies far from what a busy machine measures, and near what the program gives without its design: one commit a
// delivery, a status through the framework and the database, one kind of request that starves the other.
const times = (value) => `${value.toFixed(1)} ×`
const ratio = (value) => value.toFixed(2)
const ms = (value) => `${value.toFixed(1)} ms`
const mib = (value) => `${value.toFixed(0)} MiB`
const percent = (value) => `${(value * 100).toFixed(0)} %`

const bytes = (value) => `${value.toFixed(0)} bytes`

const told = (id, format, what) => ({ id, what, format })
const atLeast = (id, least, format, what, collapsedBelow) => ({ id, what, least, format, collapsedBelow })
const atMost = (id, most, format, what, collapsedAbove) => ({ id, what, most, format, collapsedAbove })

export const GOALS = [
  atLeast('ingest-64-express', 12, times, 'durable ingest against Express, one transaction a request; 64', 3),
  atLeast('ingest-64-bare', 0.55, ratio, 'against the ceiling; 64 connections', 0.08),
  atLeast('ingest-256-bare', 0.65, ratio, 'against the ceiling; 256 connections'),
  atLeast('ingest-64-hono', 0.65, ratio, 'against Hono that stores nothing; 64 connections', 0.15),
  atLeast('ingest-256-hono', 0.75, ratio, 'against Hono that stores nothing; 256 connections'),
  atLeast('slow-disk-64', 30, times, 'each sync 2 ms longer: against one transaction a request; 64', 5),
  told(
    'connections-express',
    times,
    'a new connection for each delivery: against Express, one transaction a request',
  ),
  atMost('ingest-64-p99', 4, times, 'p99 of ingest against its p50; 64 connections', 20),
  atMost('ingest-64-stall', 100, ms, 'the longest that a delivery waited, through checkpoints; 64', 1000),
  atMost('growth-stall', 100, ms, 'the same with bodies being pruned from the largest file; 64'),
  atLeast('ingest-1-one-commit', 0.9, ratio, 'one connection, against one plain commit a request'),
  atLeast('status-key', 0.7, ratio, 'status with an API key, against node:http with the same bytes', 0.15),
  atLeast('status-304', 0.75, ratio, 'status answered 304, against node:http answering 304', 0.15),
  atLeast('status-token', 0.6, ratio, 'status with a token, against node:http with the same bytes', 0.15),
  atLeast(
    'status-random',
    3.5,
    times,
    'status over 1,000,000 assets at random, against Express + prepared read',
  ),
  atLeast('mixed-ingest', 0.4, ratio, '64 webhook connections beside 64 pollers, against alone', 0.05),
  atLeast('mixed-status', 0.4, ratio, '64 pollers beside 64 webhook connections, against alone', 0.05),
  atMost('mixed-back', 0, (value) => String(value), 'statuses that a poller saw go back', 0),
  atMost('waiting-events-memory', 150, mib, 'memory that 10,000 open SSE clients take'),
  atMost('waiting-wait-memory', 150, mib, 'memory that 10,000 open `?wait=` clients take'),
  atMost('waiting-events-settle', 50, ms, 'from a settle to its SSE client, at the median'),
  atMost('waiting-wait-settle', 50, ms, 'from a settle to its `?wait=` client, at the median'),
  atLeast(
    'waiting-ingest',
    0.9,
    ratio,
    'settles of other assets with 10,000 waiting, against nobody waiting',
  ),
  atLeast('growth-ingest', 0.8, ratio, 'ingest with the most runs, against 10,000 runs'),
  atLeast(
    'growth-status',
    0.8,
    ratio,
    'status of equally many assets with the most runs, against 10,000 runs',
  ),
  atLeast('growth-failures', 0.8, ratio, 'first page of failures with the most runs, against 10,000 runs'),
  atMost('memory-idle', 90, mib, '`serve` idle, 30 s after its start'),
  atMost(
    'memory-growth',
    0.1,
    percent,
    'growth within the load of 64 connections: last third against middle third',
  ),
  atMost('memory-upload', 48, mib, 'more for one upload of 300 MB'),
  atMost('memory-uploads', 128, mib, 'more for 100 uploads of 10 MB at once'),
  atLeast(
    'uploads-50mb',
    0.8,
    ratio,
    'throughput of 50 MB uploads, against straight to the same sandbox',
    0.2,
  ),
  atMost('uploads-20kb', 1.5, ms, 'added to an upload of 20 KB, at the median', 100),
  atMost('operators-slowest', 50, ms, 'the slowest of an operator’s reads, at the median'),
  told('disk-kept', bytes, 'bytes a settled run takes, its delivery body kept'),
  told('disk-pruned', bytes, 'bytes a settled run takes, its delivery body pruned'),
  atMost('start', 1000, ms, '`serve` ready on the largest file'),
]

export function goalText({ least, most, format }) {
  if (least !== undefined) return `≥ ${format(least)}`
  return most === undefined ? 'told' : `≤ ${format(most)}`
}

/** Undefined where nothing was measured, or nothing is aimed at. */
export function isMet({ least, most }, measured) {
  if (measured === undefined || (least ?? most) === undefined) return undefined
  return least === undefined ? measured <= most : measured >= least
}

/** How far the figure has collapsed, in words; undefined if it has not. */
export function collapseText({ collapsedBelow, collapsedAbove, format }, measured) {
  if (measured < collapsedBelow) return `${format(measured)}, below ${format(collapsedBelow)}`
  if (measured > collapsedAbove) return `${format(measured)}, above ${format(collapsedAbove)}`
  return undefined
}
