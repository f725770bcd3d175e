import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import { type Logger, pino } from 'pino'
import { urlHost } from '../domain/host-address.ts'
import { createMetadataFields } from './account/metadata-fields.ts'
import { createBackgroundTasks, type Delay, realDelay } from './background-tasks.ts'
import { createExtensionRunner } from './extensions/extension-runner.ts'
import { createDiskStorage } from './library/disk-storage.ts'
import { createLibrary } from './library/library.ts'
import { loadOptionalPackages } from './optional-packages.ts'
import { createRequestLog, type ReceivedUpdate, type ReceivedUpload } from './request-log.ts'
import { accountRoutes } from './routes/account-routes.ts'
import { createApp } from './routes/app.ts'
import { bulkRoutes } from './routes/bulk-routes.ts'
import { fileContentRoute } from './routes/file-content-route.ts'
import { fileRoutes } from './routes/file-routes.ts'
import { folderRoutes } from './routes/folder-routes.ts'
import { placementRoutes } from './routes/placement-routes.ts'
import { uploadRoutes } from './routes/upload-routes.ts'
import { versionRoutes } from './routes/version-routes.ts'
import { listen, shutDown } from './server.ts'
import { createDownloader } from './upload/remote-file.ts'
import { createWebhookSender, type Delivery } from './webhooks/webhook-sender.ts'

export type SandboxOptions = {
  /** Where the files and their details are stored; created if absent. A later sandbox on the same directory has the same files. */
  directory: string
  /** The only key that is accepted; any key if undefined. */
  privateKey?: string
  /** The start of the `url`s of files; by default the address that the sandbox listens on. */
  publicUrl?: string
  /** 127.0.0.1 by default. */
  host?: string
  /** 3001 by default; 0 selects a free port. */
  port?: number
  /** Host names that are accepted in addition to those of loopback and that of `publicUrl` (without it, `host`). */
  allowedHosts?: readonly string[]
  /** Allows `file` URLs that lead to private addresses. */
  allowPrivateUrls?: boolean
  /** The pause before the first retry of a webhook that did not get a 200; 1000 by default. It doubles each time, up to ten minutes. */
  webhookRetryMs?: number
  clock?: () => Date
  delay?: Delay
  logger?: Pick<Logger, 'info' | 'error'>
}

export type Sandbox = {
  /** Reads the directory and listens. `url` is both the upload and the API address. Throws `MissingPackageError`. */
  start(): Promise<{ url: string }>
  /** Aborts delays and webhooks, waits for extensions that are being applied, and closes. The files on disk stay. */
  stop(): Promise<void>
  app: Hono
  /** The newest thousand uploads with a readable form, as received, including rejected ones; oldest first. */
  uploads(): readonly ReceivedUpload[]
  /** The newest thousand updates of file details with a valid key and fileId, as received, oldest first. */
  updates(): readonly ReceivedUpdate[]
  /** The newest thousand webhooks, each with all its attempts, oldest first. */
  deliveries(): readonly Delivery[]
}

/**
 * A local ImageKit: uploads, files with their versions and folders, custom metadata fields, saved extensions, file contents, and
 * extensions with their webhooks.
 */
export function createSandbox(options: SandboxOptions): Sandbox {
  const {
    directory,
    privateKey,
    host = '127.0.0.1',
    port = 3001,
    webhookRetryMs: retryBaseMs = 1000,
  } = options
  const { clock = () => new Date(), delay = realDelay, logger = pino({ level: 'silent' }) } = options
  const stopping = new AbortController()
  const { signal } = stopping
  let url = options.publicUrl ?? `http://${urlHost(host)}:${port}`
  let listeningUrl = url
  const origin = () => url

  const storage = createDiskStorage(directory)
  const library = createLibrary({ storage, clock })
  const requests = createRequestLog()
  const tasks = createBackgroundTasks({ signal, logger })
  const sender = createWebhookSender({ clock, delay, signal, retryBaseMs, logger })
  const runner = createExtensionRunner({ library, storage, sender, tasks, origin, delay, signal, logger })
  const downloader = createDownloader({
    allowPrivateUrls: options.allowPrivateUrls ?? false,
    ownOrigins: () => [url, listeningUrl],
  })
  const allowedHosts = [...(options.allowedHosts ?? []), new URL(url).hostname]
  const fields = createMetadataFields({ storage })
  const shared = { downloader, library, fields, storage, runner, requests, privateKey, clock, origin }
  const routes = [
    uploadRoutes(shared),
    fileRoutes(shared),
    versionRoutes(shared),
    placementRoutes(shared),
    bulkRoutes(shared),
    folderRoutes(shared),
    accountRoutes(shared),
    fileContentRoute(shared),
  ]
  const app = createApp(routes, { allowedHosts, logger })
  let server: Server | undefined

  return {
    app,
    uploads: requests.uploads,
    updates: requests.updates,
    deliveries: sender.deliveries,

    async start() {
      await loadOptionalPackages()
      await library.open()
      await fields.open()
      // Other code in the same process keeps the platform's Request and Response.
      const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
      // A large upload may take arbitrarily long.
      server = createServer({ requestTimeout: 0 }, (incoming, outgoing) => void listener(incoming, outgoing))
      const address = await listen(server, host, port)
      listeningUrl = address
      url = options.publicUrl ?? address
      logger.info({ event: 'sandbox.started', url: address, directory }, 'sandbox started')
      return { url: address }
    },

    async stop() {
      stopping.abort()
      await tasks.settle()
      if (server !== undefined) await shutDown(server)
      await downloader.close()
      logger.info({ event: 'sandbox.stopped' }, 'sandbox stopped')
    },
  }
}
