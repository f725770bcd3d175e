import { createServer, type RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import express from 'express'
import { fastify } from 'fastify'
import { Hono } from 'hono'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { createTracker, type Tracker, type TrackerConfig } from '../../src/index.ts'
import { createSandbox } from '../../src/sandbox/sandbox.ts'
import { createTestDatabase, databaseEnv, type TestDatabase } from '../support/database.ts'
import { startListening } from '../support/listening.ts'
import { UNREACHABLE_URL } from '../support/misbehaving-imagekit.ts'
import {
  ADMIN_KEY,
  API_KEY,
  IMAGEKIT_KEY,
  type RunningTracker,
  temporaryDirectory,
} from '../support/tracker.ts'

/** A program that embeds the tracker below `/tracker`. */
export type Host = (tracker: Tracker) => RequestListener | Promise<RequestListener>

export const nodeHost: Host = (tracker) => tracker.handler

export const HOSTS: [name: string, host: Host][] = [
  ["Node's http", nodeHost],
  [
    'Express, with a body parser after the tracker',
    (tracker) => express().use('/tracker', tracker.handler).use(express.json()),
  ],
  [
    'Fastify, without its body parsers',
    async (tracker) => {
      const app = fastify()
      await app.register(async (scope) => {
        scope.removeAllContentTypeParsers()
        scope.addContentTypeParser('*', (_request, _body, done) => done(null))
        scope.all('/tracker/*', (request, reply) => {
          reply.hijack()
          tracker.handler(request.raw, reply.raw)
        })
      })
      await app.ready()
      onTestFinished(() => app.close())
      return (request, response) => app.routing(request, response)
    },
  ],
  [
    'a route of Hono',
    (tracker) => {
      const app = new Hono()
      app.all('/tracker/*', (c) =>
        tracker.fetch(c.req.raw, { remoteAddress: getConnInfo(c).remote.address ?? '' }),
      )
      return getRequestListener(app.fetch)
    },
  ],
  [
    'mount of Hono',
    (tracker) => getRequestListener(new Hono().mount('/tracker', (request) => tracker.fetch(request)).fetch),
  ],
]

export type EmbeddedTracker = Pick<RunningTracker, 'url' | 'fetch'> & { tracker: Tracker }

/**
 * Starts a host, and a tracker in it, which is stopped when the test ends. `url` is the tracker's public URL, by default
 * with the path `/tracker`. `fetch` sends requests to it over HTTP.
 */
export async function startHost(
  host: Host,
  config: TrackerConfig = {},
  { database, path = '/tracker' }: { database?: TestDatabase; path?: string } = {},
): Promise<EmbeddedTracker> {
  let listener: RequestListener = (_request, response) => response.writeHead(404).end()
  const origin = await startListening(createServer((request, response) => listener(request, response)))
  const url = origin + path
  const tracker = createTracker(
    {
      ...databaseEnv(database ?? (await createTestDatabase())),
      publicUrl: url,
      imagekitPrivateKey: IMAGEKIT_KEY,
      imagekitUploadUrl: UNREACHABLE_URL,
      imagekitApiUrl: UNREACHABLE_URL,
      trackerApiKey: [`app:${API_KEY}`],
      trackerAdminKey: [`operator:${ADMIN_KEY}`],
      ...config,
    },
    { logger: pino({ level: 'silent' }) },
  )
  onTestFinished(() => tracker.stop())
  listener = await host(tracker)
  await tracker.start()
  return {
    url,
    tracker,
    async fetch(path, init = {}) {
      const headers = new Headers(init.headers)
      if (!headers.has('authorization')) headers.set('authorization', `Bearer ${API_KEY}`)
      return fetch(url + path, { ...init, headers })
    },
  }
}

/** The same, with a sandbox as ImageKit. */
export async function startHostAndSandbox(host: Host, config: TrackerConfig = {}): Promise<EmbeddedTracker> {
  const sandbox = createSandbox({
    directory: temporaryDirectory(),
    port: 0,
    privateKey: IMAGEKIT_KEY,
    webhookRetryMs: 20,
  })
  const { url } = await sandbox.start()
  onTestFinished(() => sandbox.stop())
  return startHost(host, { imagekitUploadUrl: url, imagekitApiUrl: url, ...config })
}
