// The goals. The bench reports which of them are met. The quick bench, which CI runs, fails if a figure collapses twice in a row. A
// collapse bound lies far from the figures that the tracker reaches on a busy machine, and near those of a simpler design (one commit per
// delivery, a status through the framework and the database, one kind of request that starves the other).

type Format = (value: number) => string

export type Goal = {
  what: string
  format: Format
  min?: number
  max?: number
  /** A more ambitious bound than that of the goal. */
  stretch?: number
  /** The figure has collapsed if it is below this. */
  collapsedBelow?: number
  /** The figure has collapsed if it is above this. */
  collapsedAbove?: number
}

/** `collapse`: a figure that is worse than this has collapsed. */
type Bounds = { stretch?: number; collapse?: number }

const times: Format = (value) => `${value.toFixed(1)} ×`
const ratio: Format = (value) => value.toFixed(2)
const ms: Format = (value) => `${value.toFixed(1)} ms`
const preciseMs: Format = (value) => `${value.toFixed(2)} ms`
const mib: Format = (value) => `${value.toFixed(0)} MiB`
const percent: Format = (value) => `${(value * 100).toFixed(0)} %`
const bytes: Format = (value) => `${value.toFixed(0)} bytes`

function reported<Id extends string>(id: Id, format: Format, what: string): Goal & { id: Id } {
  return { id, what, format }
}

function atLeast<Id extends string>(
  id: Id,
  min: number,
  format: Format,
  what: string,
  { stretch, collapse }: Bounds = {},
): Goal & { id: Id } {
  return {
    id,
    what,
    format,
    min,
    ...(stretch !== undefined && { stretch }),
    ...(collapse !== undefined && { collapsedBelow: collapse }),
  }
}

function atMost<Id extends string>(
  id: Id,
  max: number,
  format: Format,
  what: string,
  { collapse }: Pick<Bounds, 'collapse'> = {},
): Goal & { id: Id } {
  return { id, what, format, max, ...(collapse !== undefined && { collapsedAbove: collapse }) }
}

/** In these texts, the ceiling is a plain node:http server that checks the token and stores nothing. */
export const GOALS = [
  atLeast(
    'ingest-64-express',
    8,
    times,
    'ingest in upload order, compared with Express, one transaction per request; 64 connections',
    { stretch: 12, collapse: 2.9 },
  ),
  atLeast('ingest-64-bare', 0.4, ratio, 'ingest in upload order, compared with the ceiling; 64 connections', {
    stretch: 0.55,
    collapse: 0.08,
  }),
  atLeast(
    'shuffled-64-express',
    5.5,
    times,
    'ingest shuffled over 100,000 pending runs, compared with Express, one transaction per request; 64 connections',
    { collapse: 1.5 },
  ),
  atLeast(
    'shuffled-64-bare',
    0.28,
    ratio,
    'ingest shuffled over 100,000 pending runs, compared with the ceiling; 64 connections',
  ),
  atLeast(
    'shuffled-40-extensions',
    0.7,
    ratio,
    'ingest shuffled, 40 extensions per submission compared with 1; 64 connections',
  ),
  atLeast(
    'shuffled-3-extensions',
    0.9,
    ratio,
    'ingest shuffled, 3 extensions per submission compared with 1; 64 connections',
  ),
  atLeast(
    'ingest-64-group-commit',
    0.8,
    ratio,
    'ingest in upload order, compared with node:http with group commit; 64 connections',
  ),
  atLeast(
    'shuffled-64-group-commit',
    0.8,
    ratio,
    'ingest shuffled over 100,000 pending runs, compared with node:http with group commit; 64 connections',
  ),
  atLeast(
    'ingest-256-bare',
    0.5,
    ratio,
    'ingest in upload order, compared with the ceiling; 256 connections',
  ),
  atLeast(
    'ingest-1-one-commit',
    0.85,
    ratio,
    'ingest with one connection, compared with one commit per request',
  ),
  atLeast(
    'slow-disk-64',
    30,
    times,
    'ingest if each sync takes 2 ms longer, compared with Express, one transaction per request; 64 connections',
    {
      collapse: 5,
    },
  ),
  reported(
    'connections-express',
    times,
    'ingest with a new connection for each delivery, compared with Express, one transaction per request',
  ),
  atMost('ingest-64-p99', 4, times, 'p99 of ingest divided by its p50; 64 connections', { collapse: 20 }),
  atMost(
    'ingest-64-stall',
    100,
    ms,
    'the longest wait of a delivery, including checkpoints; 64 connections',
    {
      collapse: 1000,
    },
  ),
  atMost(
    'growth-stall',
    100,
    ms,
    'the longest wait of a delivery while bodies are pruned from the largest file; 64 connections',
  ),
  atLeast('status-key', 0.7, ratio, 'status with an API key, compared with node:http with the same bytes', {
    collapse: 0.15,
  }),
  atLeast('status-304', 0.75, ratio, 'status with `If-None-Match` (304), compared with node:http with 304', {
    collapse: 0.15,
  }),
  atLeast('status-token', 0.6, ratio, 'status with a token, compared with node:http with the same bytes', {
    collapse: 0.15,
  }),
  atLeast(
    'status-random',
    3.5,
    times,
    'status of 1,000,000 assets at random, compared with Express and a prepared read',
  ),
  atLeast(
    'mixed-ingest',
    0.4,
    ratio,
    'webhooks on 64 connections beside 64 pollers, compared with webhooks alone',
    {
      collapse: 0.05,
    },
  ),
  atLeast(
    'mixed-status',
    0.4,
    ratio,
    '64 pollers beside webhooks on 64 connections, compared with pollers alone',
    {
      collapse: 0.05,
    },
  ),
  atMost('mixed-back', 0, (value) => String(value), 'statuses that went back to an older state', {
    collapse: 0,
  }),
  atMost('waiting-events-memory', 150, mib, 'memory for 10,000 open SSE clients'),
  atMost('waiting-wait-memory', 150, mib, 'memory for 10,000 open `?wait=` clients'),
  atMost('waiting-events-settle', 50, ms, 'from a settled run to its SSE client, median'),
  atMost('waiting-wait-settle', 50, ms, 'from a settled run to its `?wait=` client, median'),
  atLeast(
    'waiting-ingest',
    0.9,
    ratio,
    'webhooks for other assets with 10,000 waiting clients, compared with none',
  ),
  atLeast('growth-ingest', 0.8, ratio, 'ingest with the most runs, compared with 10,000 runs'),
  atLeast(
    'growth-status',
    0.8,
    ratio,
    'status of 4,000 assets with the most runs, compared with 10,000 runs',
  ),
  atLeast(
    'growth-failures',
    0.8,
    ratio,
    'first page of failures: p50 with 10,000 runs divided by that with the most runs',
  ),
  atMost('memory-idle', 90, mib, 'memory of an idle `serve`, 30 s after its start'),
  atMost(
    'memory-growth',
    0.1,
    percent,
    'memory growth under the load of 64 connections: last third compared with middle third',
  ),
  atMost('memory-upload', 48, mib, 'memory added by one upload of 300 MB'),
  atMost('memory-uploads', 128, mib, 'memory added by 100 uploads of 10 MB at once'),
  atLeast(
    'uploads-50mb',
    0.8,
    ratio,
    'throughput of 50 MB uploads, compared with uploads directly to the sandbox',
    {
      collapse: 0.2,
    },
  ),
  atMost('uploads-20kb', 1.55, preciseMs, 'time added to an upload of 20 KB, median', { collapse: 100 }),
  atMost('lists-first-page', 4, ms, 'the slowest first page of a list with the most runs, median'),
  atMost(
    'lists-other',
    100,
    ms,
    'the slowest other read (filter, search, page in the middle) with the most runs, median',
  ),
  atMost(
    'lists-webhook-wait',
    50,
    ms,
    'the longest that a webhook waits while lists are read; 64 connections',
  ),
  atMost('disk-kept', 1850, bytes, 'bytes per settled run, with its delivery body'),
  atMost('disk-pruned', 500, bytes, 'bytes per settled run, its delivery body pruned'),
  atMost('start', 1000, ms, 'start of `serve` on the largest file'),
  atLeast(
    'postgres-one-core',
    5,
    times,
    'ingest with PostgreSQL on the same core, compared with Fastify, one transaction per request; 64 connections',
  ),
  atLeast(
    'postgres-both-cores',
    3.5,
    times,
    'ingest with PostgreSQL on both cores, compared with Fastify, one transaction per request; 64 connections',
  ),
  atLeast('postgres-hot', 0.95, percent, 'updates of runs on PostgreSQL that are HOT; ingest shuffled'),
  atLeast(
    'postgres-growth-ingest',
    0.8,
    ratio,
    'ingest on PostgreSQL with the most runs, compared with 10,000 runs',
  ),
  atLeast(
    'postgres-growth-status',
    0.8,
    ratio,
    'status on PostgreSQL: p50 with 10,000 runs divided by that with the most runs',
  ),
  atLeast(
    'postgres-growth-status-p99',
    0.8,
    ratio,
    'status on PostgreSQL: p99 with 10,000 runs divided by that with the most runs',
  ),
  atLeast(
    'postgres-growth-lists',
    0.8,
    ratio,
    'first page that slows down most on PostgreSQL: p50 with 10,000 runs divided by that with the most runs',
  ),
]

export type GoalId = (typeof GOALS)[number]['id']

/** The measured figures, by goal. */
export type Figures = { [id in GoalId]?: number | undefined }

export function goalText({ min, max, stretch, format }: Goal): string {
  const stretchText = stretch === undefined ? '' : ` (stretch ${format(stretch)})`
  if (min !== undefined) return `≥ ${format(min)}${stretchText}`
  return max === undefined ? 'reported' : `≤ ${format(max)}${stretchText}`
}

/** Undefined if nothing was measured, or if the goal has no bound. */
export function isMet({ min, max }: Goal, measured: number | undefined): boolean | undefined {
  if (measured === undefined) return undefined
  if (min !== undefined) return measured >= min
  return max === undefined ? undefined : measured <= max
}

/** Describes a collapsed figure by its value and its bound; undefined if it has not collapsed or was not measured. */
export function collapseText(
  { collapsedBelow, collapsedAbove, format }: Goal,
  measured: number | undefined,
): string | undefined {
  if (measured === undefined) return undefined
  if (collapsedBelow !== undefined && measured < collapsedBelow)
    return `${format(measured)}, below ${format(collapsedBelow)}`
  if (collapsedAbove !== undefined && measured > collapsedAbove)
    return `${format(measured)}, above ${format(collapsedAbove)}`
  return undefined
}
