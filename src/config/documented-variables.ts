/**
 * One environment variable. `default` is the value that counts if it is unset. If that depends on something, `unset` describes it.
 * `meaning` is Markdown with links relative to `docs/`. `isList`: the value is a comma-separated list.
 */
type DocumentedVariable = { name: string; meaning: string; isList?: true } & (
  | { default: string }
  | { unset: string }
)

/**
 * Every variable of this program. `docs/configuration.md` is generated from this list, and only its names can be read with
 * `Variables`.
 */
const LIST = [
  { name: 'HOST', default: '127.0.0.1', meaning: 'the host to listen on' },
  { name: 'PORT', default: '3000', meaning: 'the port to listen on; 0 is any free port' },
  {
    name: 'PUBLIC_URL',
    unset: '`http://HOST:PORT` if `HOST` is loopback, else required',
    meaning:
      'the base of `webhookUrl` and of links: the URL at which ImageKit and browsers reach the service. It may have a path, if a reverse proxy removes it or the tracker is [embedded](embedding.md). For a laptop see [tunnels](tunnels.md)',
  },
  {
    name: 'ALLOW_HTTP',
    default: 'false',
    meaning:
      'whether `PUBLIC_URL`, `IMAGEKIT_UPLOAD_URL` and `IMAGEKIT_API_URL` may use http with an address that is not loopback',
  },
  {
    name: 'TRUSTED_PROXIES',
    isList: true,
    unset: 'none',
    meaning:
      'the reverse proxies whose `X-Forwarded-For` is trusted: addresses or networks, comma-separated. See [sign-in](operators.md#pages)',
  },
  {
    name: 'DATABASE_URL',
    default: 'file:./data/tracker.db',
    meaning:
      '`file:PATH` is SQLite, for one process. `postgres://USER:PASSWORD@HOST:PORT/DATABASE` is PostgreSQL 14 or later, for [several](scaling.md); percent-encode special characters in the password. For TLS append [`?sslmode=verify-full`](scaling.md#managed-postgresql); without it the connection is not encrypted',
  },
  {
    name: 'DATABASE_LISTEN_URL',
    unset: '`DATABASE_URL`',
    meaning:
      'a direct address of the PostgreSQL server, for LISTEN and for dropping partitions, if `DATABASE_URL` leads to a [connection pooler](scaling.md#pgbouncer). Not with SQLite',
  },
  {
    name: 'DATABASE_CONNECTIONS',
    default: '11',
    meaning:
      'the maximum number of PostgreSQL connections per process, at least 5: one listens, two write rejected deliveries and notifications of changes, the others are split evenly between transactions and reads. Not with SQLite',
  },
  {
    name: 'TRACKER_API_KEY',
    isList: true,
    unset: 'none if local, else required',
    meaning:
      'the keys of callers, comma-separated; each `secret` or `name:secret`, 16 characters or more. Send only the secret, after the colon. Without a name, logs show a hash of the secret',
  },
  {
    name: 'TRACKER_ADMIN_KEY',
    isList: true,
    unset: 'none if local, else required',
    meaning: 'the keys of operators, in the same form. An operator enters only the secret',
  },
  {
    name: 'TRACKER_TOKEN_SECRET',
    isList: true,
    unset: 'generated and stored beside the database if local with SQLite, else required',
    meaning:
      'signs webhook and status URLs; comma-separated, 16 characters or more; the first secret signs, all verify. After adding a new one in front, keep the old one for 25 h: until then, webhooks can arrive at URLs that it signed. Its status URLs end when it is removed. Always required with PostgreSQL, where every process needs the same value',
  },
  { name: 'IMAGEKIT_PRIVATE_KEY', unset: 'required', meaning: "ImageKit's private key" },
  {
    name: 'IMAGEKIT_UPLOAD_URL',
    default: 'https://upload.imagekit.io',
    meaning: 'where uploads are sent; https outside loopback, unless `ALLOW_HTTP` is `true`',
  },
  {
    name: 'IMAGEKIT_API_URL',
    default: 'https://api.imagekit.io',
    meaning: 'where all other requests to ImageKit are sent; the same applies',
  },
  {
    name: 'IMAGEKIT_WEBHOOK_SECRET',
    isList: true,
    unset: 'none',
    meaning: "secrets of the dashboard's webhooks, comma-separated, 16 characters or more",
  },
  {
    name: 'REQUIRE_EXTENSION_SIGNATURE',
    default: 'false',
    meaning:
      "reject extension webhooks without a valid signature; needs `IMAGEKIT_WEBHOOK_SECRET`. ImageKit doesn't document that it signs them",
  },
  {
    name: 'IMAGEKIT_PASSTHROUGH',
    default: 'off',
    meaning:
      "`read` or `all`: forward [ImageKit's other routes](passthrough.md), so that an SDK needs only the tracker's address. `read` forwards only GET",
  },
  {
    name: 'RECONCILE_AFTER',
    default: '10m',
    meaning: 'how long a run may be pending before it is overdue',
  },
  { name: 'RECONCILE_EVERY', default: '1m', meaning: 'how often overdue runs are reconciled' },
  {
    name: 'EXPIRE_AFTER',
    default: '25h',
    meaning:
      'how long after its request a run without a final status becomes `expired`; ImageKit repeats a webhook for 24 h',
  },
  {
    name: 'RETENTION',
    default: '90d',
    meaning:
      'bodies and headers of older deliveries are deleted, except those of rejected ones, [whose number is limited](operators.md#retention); the rows and all statuses stay. If the clock is more than a day past the last trusted time (because it is wrong, or the service was off), nothing is deleted until the service has run for a day, and a warning is logged',
  },
  {
    name: 'RETENTION_RUNS',
    unset: 'none: kept forever',
    meaning:
      'settled submissions older than this are deleted completely: see [what is deleted](operators.md#retention). At least `25h` and at least `EXPIRE_AFTER`, because a webhook for a deleted submission is treated as one for an unknown submission (503, and an alert). As for `RETENTION`, nothing is deleted while the clock is not trusted',
  },
  {
    name: 'TRACKER_WEBHOOK_SECRET',
    isList: true,
    unset: 'none',
    meaning:
      '`whsec_` + base64, comma-separated: signs the [notifications](http-api.md#notifications) to your own `webhookUrl`, and alerts',
  },
  {
    name: 'ALLOW_PRIVATE_TARGETS',
    default: 'false',
    meaning: 'allows private addresses in your `webhookUrl` and `ALERT_WEBHOOK_URL`',
  },
  {
    name: 'ALERT_WEBHOOK_URL',
    unset: 'none',
    meaning:
      'Slack-compatible webhook, called when [an alert](operators.md#alerts) fires and when it resolves',
  },
  {
    name: 'ALERT_FAILURES',
    default: '10/15m',
    meaning:
      'a threshold: this many failures of an extension (ten by default) within this time (fifteen minutes)',
  },
  {
    name: 'ALERT_PENDING_AGE',
    default: '2h',
    meaning: 'a threshold: the age of the oldest pending run',
  },
  { name: 'MAX_UPLOAD_BYTES', default: '2GiB', meaning: 'a larger upload gets 413' },
  {
    name: 'MAX_CONCURRENT_UPLOADS',
    default: '64',
    meaning:
      'more at a time get 503; uploads, updates of file details and forwarded requests are counted separately',
  },
  {
    name: 'METRICS_PUBLIC',
    default: 'false',
    meaning: 'whether [`/metrics`](monitoring.md#metrics) is served without a key',
  },
  {
    name: 'LOG_LEVEL',
    default: 'info',
    meaning:
      '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`. At `info` one line per upload and per webhook; above 100 successful webhooks per second, one total per second',
  },
  {
    name: 'TRACKER_URL',
    unset: '`PUBLIC_URL`',
    meaning: 'the address of the service for the commands',
  },
] as const satisfies readonly DocumentedVariable[]

export const VARIABLES: readonly DocumentedVariable[] = LIST

export type Variable = (typeof LIST)[number]

export type VariableName = Variable['name']
