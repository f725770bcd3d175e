import { Readable } from 'node:stream'
import { Command } from 'commander'
import { changedRuns, statusByName } from './asset-status.ts'
import { createPaint } from './asset-text.ts'
import { type CommandContext, printLine } from './command-context.ts'
import { CommandError } from './command-error.ts'
import { createDemoImages, type DemoImage } from './demo-images.ts'
import {
  addressLines,
  changeLine,
  type DemoResult,
  findUnexpected,
  pagesUrl,
  summaryLine,
  TABLE_HEAD,
} from './demo-report.ts'
import { type DemoServers, startDemoServers } from './demo-servers.ts'
import { followAsset } from './follow-asset.ts'
import { startLocalPostgres } from './local-postgres.ts'
import { sendUpload } from './send-upload.ts'
import { createTrackerClient, type TrackerClient } from './tracker-client.ts'

export function demoCommand(context: CommandContext): Command {
  return new Command('demo')
    .description(
      'Starts the service and a local ImageKit, uploads three image files with several extensions, ' +
        'shows their statuses as they change, and keeps running until Ctrl-C. Needs no account and no network.',
    )
    .option('--exit', 'stop at the end; exit with 1 if an extension has an unexpected status')
    .option('--postgres', 'use a temporary PostgreSQL server, which the demo starts and removes')
    .action(async (options: { exit?: true; postgres?: true }) => {
      if (context.env['NODE_ENV'] === 'production')
        throw new CommandError('NODE_ENV is production; the demo is only for development.', 2)
      const stopRequested = context.stopRequested()
      const servers = await startDemoServers(
        options.postgres ? () => startLocalPostgres({ path: context.env['PATH'] }) : undefined,
      )
      try {
        await runDemo(context, servers)
        if (options.exit) return
        printLine(context.stdout, '\nStill running; press Ctrl-C to stop and remove the data.')
        await stopRequested
      } finally {
        await servers.stop()
      }
    })
}

const LIMIT_SECONDS = 20

async function runDemo(context: CommandContext, servers: DemoServers): Promise<void> {
  const { serviceUrl } = servers
  const print = (text: string) => printLine(context.stdout, text)
  print(`pages  ${pagesUrl(serviceUrl)}\n\n${TABLE_HEAD}`)
  const client = createTrackerClient({ url: serviceUrl, key: undefined })
  const images = await createDemoImages()
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

type ChangedRun = Parameters<typeof changeLine>[2]

async function runImage(
  client: TrackerClient,
  image: DemoImage,
  onChange: (run: ChangedRun, from: string | undefined) => void,
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
