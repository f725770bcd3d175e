import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Command } from 'commander'
import { type CurrentRun, changedRuns, formatError, statusByName } from './asset-status.ts'
import { type CommandContext, printLine } from './command-context.ts'
import { CommandError } from './command-error.ts'
import { createDemoImages, type DemoImage } from './demo-images.ts'
import { followAsset } from './follow-asset.ts'
import { findFreePort } from './free-port.ts'
import { type LocalPostgres, startLocalPostgres } from './local-postgres.ts'
import { type LocalServers, startLocalServers } from './local-servers.ts'
import { type SentUpload, sendUpload } from './send-upload.ts'
import { createPaint, type Paint } from './terminal-text.ts'
import { type CommandClient, createCommandClient } from './tracker-client.ts'

export function demoCommand(context: CommandContext): Command {
  return new Command('demo')
    .description(
      'Starts the service and a local ImageKit, uploads three image files with several extensions, ' +
        'shows their statuses as they change, and keeps running until Ctrl-C. Needs no account and no network. ' +
        'Exits with 1 if an extension has an unexpected status.',
    )
    .option('--exit', 'stop at the end instead of running until Ctrl-C')
    .option('--postgres', 'use a temporary PostgreSQL server, which the demo starts and removes')
    .action(async (options: { exit?: true; postgres?: true }) => {
      if (context.env['NODE_ENV'] === 'production')
        throw new CommandError('NODE_ENV is production; the demo is only for development.', 2)
      const stopRequested = context.stopRequested()
      // The images come before the servers, so that nothing has to be stopped if an optional package is missing.
      const images = await createDemoImages()
      const servers = await startDemoServers(
        options.postgres ? () => startLocalPostgres({ path: context.env['PATH'] }) : undefined,
      )
      if (options.postgres) printLine(context.stdout, 'database  a temporary PostgreSQL server')
      try {
        await runDemo(context, servers, images)
        if (options.exit) return
        printLine(context.stdout, '\nStill running; press Ctrl-C to stop and remove the data.')
        await stopRequested
      } finally {
        await servers.stop()
      }
    })
}

/**
 * Starts the service and a local ImageKit with a temporary directory, which is removed when they stop. The service stores everything in
 * the database server that `startDatabase` starts, or else in a file in that directory. The service and the local ImageKit get no
 * variables of the caller's environment.
 */
async function startDemoServers(startDatabase?: () => Promise<LocalPostgres>): Promise<LocalServers> {
  const directory = await mkdtemp(join(tmpdir(), 'extension-tracker-demo-'))
  let database: LocalPostgres | undefined
  const cleanUp = async () => {
    await database?.stop()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    database = await startDatabase?.()
    const port = await findFreePort(3000)
    const servers = await startLocalServers({
      env: {
        PORT: String(port),
        DATABASE_URL: database?.url ?? `file:${join(directory, 'tracker.db')}`,
        TRACKER_TOKEN_SECRET: randomBytes(24).toString('base64url'),
        TRACKER_WEBHOOK_SECRET: `whsec_${randomBytes(24).toString('base64')}`,
        LOG_LEVEL: 'warn',
      },
      readText: (path) => {
        throw new Error(`${path} is not read in the demo`)
      },
      sandboxDirectory: join(directory, 'imagekit'),
      sandboxPort: await findFreePort(port + 1),
    })
    const stop = async () => {
      await servers.stop()
      await cleanUp()
    }
    return { ...servers, stop }
  } catch (error) {
    await cleanUp()
    throw error
  }
}

/** How long to wait for the final statuses of an image. The slowest extensions of the demo images take 1.7 s. */
const LIMIT_SECONDS = 20

async function runDemo(
  context: CommandContext,
  servers: LocalServers,
  images: readonly DemoImage[],
): Promise<void> {
  const { serviceUrl } = servers
  const print = (text: string) => printLine(context.stdout, text)
  print(`pages     ${pagesUrl(serviceUrl)}\n\n${TABLE_HEAD}`)
  const client = createCommandClient({ url: serviceUrl, key: undefined })
  const startedAt = performance.now()
  const results = await Promise.all(
    images.map((image) =>
      runImage(client, image, (run, from) =>
        print(changeLine(performance.now() - startedAt, image.fileName, run, from, createPaint(context))),
      ),
    ),
  )
  print(`\n${summaryLine(results)}\n\n${addressLines(servers, results)}`)
  const unexpected = findUnexpected(results)
  if (unexpected.length > 0) throw new CommandError(unexpected.join('\n'))
}

async function runImage(
  client: CommandClient,
  image: DemoImage,
  onChange: (run: CurrentRun, from: string | undefined) => void,
): Promise<DemoResult> {
  const sent = await sendUpload(client, { source: sourceOf(image), fields: fieldsOf(image) })
  const { fileId, extensionStatus: first = {} } = sent.response
  if (fileId === undefined) throw new CommandError(`${image.fileName} was uploaded, but got no fileId.`)
  let last: { readonly [extension: string]: string } = {}
  for await (const asset of followAsset(client, fileId, LIMIT_SECONDS)) {
    for (const { run, from } of changedRuns(last, asset)) onChange(run, from)
    last = statusByName(asset)
  }
  return { image, sent, first, last }
}

function sourceOf({ fileName, bytes }: DemoImage) {
  return {
    kind: 'bytes',
    fileName,
    sizeBytes: bytes.length,
    read: () => Readable.from([bytes]),
    close: async () => {},
  } as const
}

function fieldsOf({ fileName, extensions, tags }: DemoImage): [string, string][] {
  return [
    ['fileName', fileName],
    ['folder', '/demo'],
    ['tags', tags.join(',')],
    ['extensions', JSON.stringify(extensions)],
  ]
}

/** The result of one image. */
type DemoResult = {
  image: DemoImage
  sent: SentUpload
  /** The statuses in the response to the upload. */
  first: { readonly [extension: string]: string }
  /** The last statuses. They are final unless an extension took longer than `LIMIT_SECONDS`. */
  last: { readonly [extension: string]: string }
}

const TABLE_HEAD = row('after', 'file', 'extension', 'status')

/** The row of the table for one change. */
function changeLine(
  afterMs: number,
  fileName: string,
  run: CurrentRun,
  from: string | undefined,
  paint: Paint,
): string {
  const change = from === undefined ? paint(run.status) : `${paint(from)} → ${paint(run.status)}`
  const error = formatError(run.error)
  return row(
    `${(afterMs / 1000).toFixed(2)} s`,
    fileName,
    run.name,
    error === '' ? change : `${change}  ${error}`,
  )
}

function row(after: string, fileName: string, extension: string, status: string): string {
  return `${after.padStart(7)}  ${fileName.padEnd(13)}  ${extension.padEnd(19)}  ${status}`
}

function summaryLine(results: readonly DemoResult[]): string {
  const statuses = results.flatMap(({ last }) => Object.values(last))
  const countOf = (expected: string) => statuses.filter((status) => status === expected).length
  return `${results.length} files, ${statuses.length} extensions: ${countOf('success')} success, ${countOf('failed')} failed, ${countOf('pending')} pending`
}

/** One sentence for each extension that didn't go from pending to its expected status. */
function findUnexpected(results: readonly DemoResult[]): string[] {
  return results.flatMap(({ image, first, last }) =>
    Object.entries(image.expected).flatMap(([name, expected]) => {
      const [from, to] = [first[name] ?? 'unknown', last[name] ?? 'unknown']
      if (from === 'pending' && to === expected) return []
      return [`${image.fileName}: ${name} went from ${from} to ${to}, not from pending to ${expected}.`]
    }),
  )
}

function pagesUrl(serviceUrl: string): string {
  return `${serviceUrl}/admin`
}

/** Lines with the addresses to open in a browser, then with the environment variables for commands and scripts. */
function addressLines(
  { serviceUrl, sandboxUrl }: Pick<LocalServers, 'serviceUrl' | 'sandboxUrl'>,
  results: readonly DemoResult[],
): string {
  const cutOut = results.find(({ last }) => last['remove-bg'] === 'success')
  const failed = results.find(({ last }) => Object.values(last).includes('failed'))
  const addresses: [string, string | null | undefined][] = [
    ['cut-out', cutOut?.sent.response.url],
    ['its status', cutOut?.sent.statusUrl],
    ['failed run', failed?.sent.statusUrl],
    ['admin pages', pagesUrl(serviceUrl)],
    ['API', `${serviceUrl}/docs`],
  ]
  const lines = addresses.flatMap(([label, url]) => (url ? [`  ${label.padEnd(14)}  ${url}`] : []))
  const variables = [`export TRACKER_URL=${serviceUrl}`, `export IMAGEKIT_API_URL=${sandboxUrl}`]
  return [
    ...lines,
    '',
    'A tag makes the failed run fail, so a retry of it fails, too.',
    '',
    'For commands and scripts:',
    ...variables.map((line) => `  ${line}`),
  ].join('\n')
}
