// The servers that the tracker is compared with, written as is usual with each framework. `node servers.js NAME` starts one. Those
// that receive extension webhooks check the tracker's token; `octokit-ingest` and `stripe-ingest` check signatures of GitHub and Stripe.
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createRequire } from 'node:module'
import { createCapabilityTokens } from '#src/tracking/capability-tokens'
import { readWebhookToken } from '#src/tracking/links'
import { openGroupCommit, openOneCommit, openPostgresTransactions } from './peer-databases.ts'

// DATABASE: a path, or a PostgreSQL URL. RESPONSE: the path of a file (see `bareStatus`).
const { DATABASE = '', RESPONSE = '', TRACKER_TOKEN_SECRET = '', TRACKER_API_KEY = '' } = process.env
const HOST = '127.0.0.1'
const WEBHOOKS = '/webhooks/extension/'
const APPLIED = { outcome: 'applied' }
const APPLIED_TEXT = JSON.stringify(APPLIED)
const JSON_HEADERS = { 'Content-Type': 'application/json', 'Content-Length': APPLIED_TEXT.length }
const tokens = createCapabilityTokens([TRACKER_TOKEN_SECRET])

/** By name; each listens on a free port. */
const SERVERS: { [name: string]: () => unknown } = {
  'bare-ingest': bareIngest,
  'hono-ingest': honoIngest,
  'express-ingest': expressIngest,
  'fastify-ingest': fastifyIngest,
  'one-commit-ingest': oneCommitIngest,
  'group-commit-ingest': groupCommitIngest,
  'octokit-ingest': octokitIngest,
  'postgres-ingest': postgresIngest,
  'stripe-ingest': stripeIngest,
  'bare-status': bareStatus,
  'express-status': expressStatus,
}

const start = SERVERS[process.argv[2] ?? '']
if (start === undefined) throw new Error(`unknown server; the servers are ${Object.keys(SERVERS).join(', ')}`)
await start()

/** The ceiling: reads the body, checks the token, stores nothing. */
function bareIngest() {
  listen((incoming, outgoing) => {
    onBody(incoming, () => {
      const isAuthentic = submissionOf(tokenOf(incoming)) !== undefined
      if (isAuthentic) outgoing.writeHead(200, JSON_HEADERS).end(APPLIED_TEXT)
      else outgoing.writeHead(401).end()
    })
  })
}

/** The tracker's framework; stores nothing. */
async function honoIngest() {
  const { serve } = await import('@hono/node-server')
  const { Hono } = await import('hono')
  const app = new Hono()
  app.post(`${WEBHOOKS}:token`, async (c) => {
    const isAuthentic = submissionOf(c.req.param('token')) !== undefined
    await c.req.arrayBuffer()
    return isAuthentic ? c.json(APPLIED) : c.body(null, 401)
  })
  serve({ fetch: app.fetch, port: 0, hostname: HOST }, ({ port }) => printAddress(port))
}

/** Express on SQLite, with one transaction per request. */
async function expressIngest() {
  const { default: express } = await import('express')
  const record = openOneCommit(DATABASE)
  const app = express()
  app.post(`${WEBHOOKS}:token`, express.raw({ type: () => true }), (request, response) => {
    const submissionId = submissionOf(request.params['token'] ?? '')
    if (submissionId === undefined) return response.sendStatus(401)
    record(submissionId, request.body, JSON.parse(request.body.toString()))
    response.json(APPLIED)
  })
  const server = app.listen(0, HOST, () => printAddressOf(server))
}

async function createFastify() {
  const { fastify } = await import('fastify')
  // A token is longer than the parameters that Fastify accepts by default.
  const app = fastify({ routerOptions: { maxParamLength: 200 } })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  return app
}

type Webhook = { Params: { token: string }; Body: Buffer }

/** Fastify on SQLite, with one transaction per request. */
async function fastifyIngest() {
  const app = await createFastify()
  const record = openOneCommit(DATABASE)
  app.post<Webhook>(`${WEBHOOKS}:token`, (request, reply) => {
    const submissionId = submissionOf(request.params.token)
    if (submissionId === undefined) return reply.code(401).send()
    record(submissionId, request.body, JSON.parse(request.body.toString()))
    return reply.send(APPLIED)
  })
  await app.listen({ port: 0, host: HOST })
  printAddressOf(app.server)
}

/** Fastify on PostgreSQL, with one transaction per request. */
async function postgresIngest() {
  const app = await createFastify()
  const record = openPostgresTransactions(DATABASE)
  app.post<Webhook>(`${WEBHOOKS}:token`, async (request, reply) => {
    const submissionId = submissionOf(request.params.token)
    if (submissionId === undefined) return reply.code(401).send()
    const outcome = await record({ submissionId, headers: headersOf(request.raw), body: request.body })
    return { outcome }
  })
  await app.listen({ port: 0, host: HOST })
  printAddressOf(app.server)
}

/** `@supabase/stripe-sync-engine` as its README shows it, on Fastify: checks Stripe's signature and stores the object of the event. */
async function stripeIngest() {
  // Imported as an ES module, the package doesn't find its migrations, and reports no error.
  const require = createRequire(import.meta.url)
  const engine: typeof import('@supabase/stripe-sync-engine') = require('@supabase/stripe-sync-engine')
  const { runMigrations, StripeSync } = engine
  await runMigrations({ databaseUrl: DATABASE, schema: 'stripe' })
  const sync = new StripeSync({
    poolConfig: { connectionString: DATABASE, max: 20 },
    stripeSecretKey: 'sk_test_bench',
    stripeWebhookSecret: TRACKER_TOKEN_SECRET,
  })
  const app = await createFastify()
  app.post<{ Body: Buffer }>('/webhooks', async (request) => {
    await sync.processWebhook(request.body, String(request.headers['stripe-signature']))
    return { received: true }
  })
  await app.listen({ port: 0, host: HOST })
  printAddressOf(app.server)
}

/** Plain node:http on SQLite, with one transaction per request. */
function oneCommitIngest() {
  const record = openOneCommit(DATABASE)
  listen((incoming, outgoing) => {
    onBody(incoming, (body) => {
      const submissionId = submissionOf(tokenOf(incoming))
      if (submissionId === undefined) return void outgoing.writeHead(401).end()
      record(submissionId, body, JSON.parse(body.toString()))
      outgoing.writeHead(200, JSON_HEADERS).end(APPLIED_TEXT)
    })
  })
}

/** Plain node:http on SQLite, with one transaction for all requests of an event-loop tick. */
function groupCommitIngest() {
  const record = openGroupCommit(DATABASE)
  listen((incoming, outgoing) => {
    onBody(incoming, (body) => {
      const submissionId = submissionOf(tokenOf(incoming))
      if (submissionId === undefined) return void outgoing.writeHead(401).end()
      const respond = (outcome: string) => {
        if (outcome === 'failed') return void outgoing.writeHead(503).end()
        const text = outcome === 'applied' ? APPLIED_TEXT : JSON.stringify({ outcome })
        const head = { 'Content-Type': 'application/json', 'Content-Length': text.length }
        outgoing.writeHead(200, head).end(text)
      }
      record({ submissionId, headers: headersOf(incoming), body, respond })
    })
  })
}

/** As the README of `@octokit/webhooks` shows it: checks GitHub's signature, and calls a handler that does nothing. */
async function octokitIngest() {
  const { createNodeMiddleware, Webhooks } = await import('@octokit/webhooks')
  const webhooks = new Webhooks({ secret: TRACKER_TOKEN_SECRET })
  webhooks.onAny(() => {})
  const handle = createNodeMiddleware(webhooks, { path: '/' })
  listen((incoming, outgoing) => void handle(incoming, outgoing))
}

/** The ceiling for status: gives every request the response that is stored in the file RESPONSE. */
function bareStatus() {
  const stored: { status: number; headers: { [name: string]: string }; body: string } = JSON.parse(
    readFileSync(RESPONSE, 'utf8'),
  )
  listen((_incoming, outgoing) => outgoing.writeHead(stored.status, stored.headers).end(stored.body))
}

/** Checks the API key, and runs a prepared statement on the tracker's database for each request. */
async function expressStatus() {
  const { default: express } = await import('express')
  const { openStatusReader } = await import('./tracker-database.ts')
  const find = openStatusReader(DATABASE)
  const key = `Bearer ${TRACKER_API_KEY}`
  const timeText = (at: number | null) => (at === null ? null : new Date(at).toISOString())
  const app = express()
  app.get('/assets/:fileId/status', (request, response) => {
    if (request.get('Authorization') !== key) return response.sendStatus(401)
    const fileId = request.params['fileId'] ?? ''
    const rows = find(fileId)
    if (rows.length === 0) return response.sendStatus(404)
    const statuses = rows.map(({ status }) => status)
    response.json({
      fileId,
      status: ['pending', 'failed', 'expired'].find((status) => statuses.includes(status)) ?? 'success',
      extensionStatus: Object.fromEntries(rows.map(({ name, status }) => [name, status])),
      extensions: rows.map((row) => ({
        runId: row.runId,
        name: row.name,
        status: row.status,
        source: row.source,
        attempt: row.attempt,
        submissionId: row.submissionId,
        requestedAt: timeText(row.requestedAt),
        settledAt: timeText(row.settledAt),
        error: row.error && JSON.parse(row.error),
      })),
      updatedAt: timeText(Math.max(...rows.map((row) => row.updatedAt))),
    })
  })
  const server = app.listen(0, HOST, () => printAddressOf(server))
}

function listen(handle: RequestListener): void {
  const server = createServer(handle)
  server.listen(0, HOST, () => printAddressOf(server))
}

function onBody(incoming: IncomingMessage, use: (body: Buffer) => void): void {
  const chunks: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
  incoming.on('end', () => {
    const [only] = chunks
    use(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks))
  })
}

/** The headers of these requests that the tracker stores, as JSON. */
function headersOf({ headers }: IncomingMessage): string {
  const { 'content-type': type, 'content-length': length, 'user-agent': agent } = headers
  return JSON.stringify({ 'content-type': type, 'content-length': length, 'user-agent': agent })
}

function tokenOf({ url = '' }: IncomingMessage): string {
  return url.slice(WEBHOOKS.length)
}

/** The id of the submission that a token is for; undefined if the token is forged. */
function submissionOf(token: string): string | undefined {
  return readWebhookToken(tokens, token)
}

function printAddressOf(server: Server): void {
  const address = server.address()
  if (address !== null && typeof address === 'object') printAddress(address.port)
}

function printAddress(port: number): void {
  console.log(JSON.stringify({ url: `http://${HOST}:${port}` }))
}
