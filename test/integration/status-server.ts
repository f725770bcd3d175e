import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { Hono } from 'hono'
import { expect, onTestFinished } from 'vitest'
import type { AssetFacts } from '../../src/domain/asset.ts'
import { decideStatus, type Observation } from '../../src/domain/decide-status.ts'
import { type Run, requestedRun } from '../../src/domain/run.ts'
import { createErrorResponses } from '../../src/http/error-responses.ts'
import { createFastPaths } from '../../src/http/fast-paths.ts'
import { type AppEnv, requestId } from '../../src/http/request.ts'
import { createRequestHandler } from '../../src/http/request-handler.ts'
import { CONNECTION_LIMITS, createHttpServer } from '../../src/http/server.ts'
import { createStatusHandler } from '../../src/http/status-handler.ts'
import { createHeartbeats } from '../../src/http/status-heartbeats.ts'
import { statusRoutes } from '../../src/http/status-routes.ts'
import { createAccess } from '../../src/tracking/access.ts'
import { createCapabilityTokens } from '../../src/tracking/capability-tokens.ts'
import {
  createStatusCache,
  type StartTimer,
  startSystemTimer,
} from '../../src/tracking/status/status-cache.ts'
import { createWaitingLimit } from '../../src/tracking/status/waiting-limit.ts'

export const API_KEY = 'an-api-key-for-tests'
export const ADMIN_KEY = 'an-admin-key-for-tests'

export const REQUESTED_AT = Date.UTC(2026, 0, 2, 3, 4, 5, 6)

/** An asset with a pending run of each of these extensions, requested at `REQUESTED_AT`. */
export function pendingAsset(fileId: string, ...names: string[]): AssetFacts {
  const run = (name: string): Run =>
    requestedRun({ runId: `run-${name}`, submissionId: 'sub-1', name, attempt: 1, at: REQUESTED_AT })
  return { fileId, recordedAt: REQUESTED_AT, runs: names.map(run) }
}

/** The asset after an observation of this extension, made a minute after the asset's last change. */
export function observed(facts: AssetFacts, name: string, observation: Observation): AssetFacts {
  const at = Math.max(facts.recordedAt, ...facts.runs.map((run) => run.updatedAt)) + 60_000
  const runs = facts.runs.map((run) => (run.name === name ? decideStatus(run, observation, at).run : run))
  return { ...facts, runs }
}

export const SUCCESS: Observation = { source: 'webhook', status: 'success', error: null }

/**
 * Timers that never run out by themselves. `fire` runs the tasks of all timers with this duration. `running` returns the durations of
 * the timers that were neither fired nor cancelled.
 */
export function manualTimers() {
  const running = new Set<{ ms: number; task: () => void }>()
  const startTimer: StartTimer = (ms, task) => {
    const timer = { ms, task }
    running.add(timer)
    return () => running.delete(timer)
  }
  const fire = (ms: number) => {
    for (const timer of [...running].filter((one) => one.ms === ms)) {
      running.delete(timer)
      timer.task()
    }
  }
  return { startTimer, fire, running: () => [...running].map((timer) => timer.ms) }
}

/**
 * Starts a server with the status routes. With `keys`, they require a key or, where the route accepts one, a token. `add` writes an
 * asset to the store. `change` does too, `forget` deletes one, and both then invalidate its cached status.
 */
export async function startStatusServer(options: { keys?: boolean; startTimer?: StartTimer } = {}) {
  const { keys = false, startTimer = startSystemTimer } = options
  const assets = new Map<string, AssetFacts>()
  /** The fileId of each read of the store. */
  const loads: string[] = []
  const store = {
    /** While it is set, each read fails with it. */
    failure: undefined as Error | undefined,
    async findAsset(fileId: string): Promise<AssetFacts | undefined> {
      loads.push(fileId)
      if (store.failure !== undefined) throw store.failure
      return assets.get(fileId)
    },
  }
  const statuses = createStatusCache({ store }, { startTimer })
  const tokens = createCapabilityTokens(['a token secret for tests only'])
  const access = keys
    ? createAccess([{ name: 'api', secret: API_KEY }], [{ name: 'admin', secret: ADMIN_KEY }])
    : createAccess([], [])

  const app = new Hono<AppEnv>()
  const errorResponses = createErrorResponses(
    () => 'http://tracker.test',
    () => {},
  )
  app.use(requestId)
  app.onError((error, c) => errorResponses.asProblem(error, c))
  const heartbeats = createHeartbeats(startTimer)
  const deps = {
    statuses,
    startTimer,
    heartbeats,
    // `perToken` and `perConnection` are as in the service.
    waitingLimit: createWaitingLimit({ total: 1000, perToken: 20, perConnection: 4 }, () => {}),
    subject: 'asset',
  } as const
  const handleStatus = createStatusHandler(deps)
  const subjectTokens = { asset: tokens.status, submission: tokens.submission }
  const readBody = () => Promise.reject(new Error('No route here reads a body.'))
  const api = { app, operations: [], access, tokens: subjectTokens, readBody }
  statusRoutes(api, { ...deps, handleStatus })
  const fastPaths = createFastPaths({
    access,
    tokens: subjectTokens,
    handleStatus,
    handleWebhook: () => Promise.reject(new Error('Webhooks are not accepted here.')),
    errorResponses,
    loopbackOnly: false,
  })
  const server = createHttpServer(
    createRequestHandler(app, { fastPaths, errorResponses }),
    { errorResponses, noteExceeded: () => {} },
    CONNECTION_LIMITS,
  )
  const port = await server.listen('127.0.0.1', 0)
  onTestFinished(async () => {
    statuses.close()
    await server.close(0)
  })

  return {
    url: `http://127.0.0.1:${port}`,
    statuses,
    store,
    loads,
    token: (fileId: string) => tokens.status.sign(fileId),
    add: (facts: AssetFacts) => assets.set(facts.fileId, facts),
    change(facts: AssetFacts) {
      assets.set(facts.fileId, facts)
      statuses.invalidate(facts.fileId)
    },
    forget(fileId: string) {
      assets.delete(fileId)
      statuses.invalidate(fileId)
    },
    /** Resolves once exactly `count` requests wait or stream. */
    watched: (count: number) => expect.poll(() => statuses.listenerCount(), { interval: 5 }).toBe(count),
  }
}

export type StatusEvent = { event: string; id: string; data: string }

/**
 * Opens an event stream, and records the text that arrives. Resolves once the head of the response has arrived, whatever the HTTP status
 * is.
 */
export async function openEvents(url: string, headers: Record<string, string> = {}) {
  const outgoing: ClientRequest = request(url, { headers, agent: false })
  outgoing.end()
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.once('error', reject)
  })
  let text = ''
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    text += chunk
  })
  response.on('error', () => {})
  const ended = new Promise<void>((resolve) => response.once('close', resolve))
  /** The events that have arrived completely, without comments. Each has three lines: `event: …`, `id: …` and `data: …`. */
  const events = (): StatusEvent[] =>
    text
      .split('\n\n')
      .slice(0, -1)
      .filter((block) => !block.startsWith(':'))
      .map((block) => {
        const [event = '', id = '', data = '', ...more] = block.split('\n')
        if (more.length > 0) throw new Error(`an event with ${3 + more.length} lines`)
        return { event: event.slice(7), id: id.slice(4), data: data.slice(6) }
      })
  return {
    response,
    ended,
    text: () => text,
    events,
    /** Resolves once at least `count` events were received. */
    received: (count: number) =>
      expect.poll(() => events().length, { interval: 5 }).toBeGreaterThanOrEqual(count),
    disconnect: () => outgoing.destroy(),
  }
}
