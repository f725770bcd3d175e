import { Command, Option } from 'commander'
import type { AssetStatus } from '../client/client.ts'
import type { RequestedExtension } from '../domain/submission.ts'
import { changedRuns, formatChange, hasFailedOrExpired, statusByName } from './asset-status.ts'
import { type CommandContext, printLine } from './command-context.ts'
import { CommandError } from './command-error.ts'
import { followAsset } from './follow-asset.ts'
import { startUploadProgress } from './progress-bar.ts'
import { type SentUpload, sendUpload } from './send-upload.ts'
import { createPaint, escapeForTerminal, type Paint, stringifyForTerminal } from './terminal-text.ts'
import { type CommandClient, createConfiguredClient } from './tracker-client.ts'
import {
  addField,
  addNamedExtension,
  addParameterOptions,
  EXTENSION_HELP,
  parseExtensionsOption,
  readParameterOptions,
} from './upload-options.ts'
import { openSource, type UploadSource } from './upload-source.ts'

type UploadOptions = {
  fileName?: string
  extension?: RequestedExtension[]
  extensions?: RequestedExtension[]
  field?: [string, string][]
  idempotencyKey?: string
  wait?: string | true
  json?: true
}

export function uploadCommand(context: CommandContext): Command {
  const command = new Command('upload')
    .usage('[options] FILE')
    .description(
      'Uploads a file to ImageKit through the service, which tracks its extensions.\n\n' +
        'FILE is a path, - for the standard input, or an http(s) URL that ImageKit fetches itself.',
    )
    .argument('[FILE]')
    .option('--file-name <NAME>', 'name in ImageKit (default: the name of FILE)')
    .addOption(new Option('--extension <NAME>', EXTENSION_HELP).argParser(addNamedExtension))
    .addOption(
      new Option(
        '--extensions <JSON>',
        'extensions with their options, as in ImageKit\'s API: [{"name":"remove-bg","options":{…}}]',
      ).argParser(parseExtensionsOption),
    )
  addParameterOptions(command)
  return command
    .addOption(
      new Option('--field <NAME=VALUE>', 'any other upload parameter; repeatable').argParser(addField),
    )
    .option('--idempotency-key <KEY>', 'a repeat with the same key within 24 h returns the first response')
    .option('--wait [SECONDS]', 'wait for the final statuses, at most this long (default: no limit)')
    .option(
      '--json',
      "print one JSON object: ImageKit's response with submissionId, statusUrl, eventsUrl and, with --wait, assetStatus",
    )
    .addHelpText('after', UPLOAD_HELP)
    .action(async (file: string | undefined, options: UploadOptions) => {
      await upload(context, readArguments(file, options), readParameterOptions(command), options)
    })
}

const UPLOAD_HELP = `
Each yes/no option also has a --no- form, such as --no-use-unique-file-name.
TRACKER_URL (else PUBLIC_URL, else HOST and PORT) is the address of the service; TRACKER_ADMIN_KEY or
TRACKER_API_KEY is the key, if the service requires one.
With --wait the exit code is 3 if an extension failed or expired, and otherwise 1 if one is still pending, or if
ImageKit has only queued the upload.`

type UploadArguments = { file: string; limitSeconds: number | undefined }

/** Commander parses `--wait FILE` as a wait of FILE seconds. A value that is not a number is the file, if no FILE follows it. */
function readArguments(file: string | undefined, { wait }: UploadOptions): UploadArguments {
  const isFile = typeof wait === 'string' && file === undefined && !/^\d+$/.test(wait)
  const chosen = isFile ? wait : file
  if (chosen === undefined) throw new CommandError('FILE is missing: upload [options] FILE', 2)
  if (wait === undefined) return { file: chosen, limitSeconds: undefined }
  if (wait === true || isFile) return { file: chosen, limitSeconds: Number.POSITIVE_INFINITY }
  if (!/^\d{1,9}$/.test(wait)) throw new CommandError(`--wait ${wait}: must be a number of seconds.`, 2)
  return { file: chosen, limitSeconds: Number(wait) }
}

async function upload(
  context: CommandContext,
  { file, limitSeconds }: UploadArguments,
  parameters: [string, string][],
  options: UploadOptions,
): Promise<void> {
  const client = createConfiguredClient(context)
  const source = await openSource(file, context.stdin)
  const fileName = options.fileName ?? source.fileName
  if (fileName === undefined) throw new CommandError(`${file} has no file name: add --file-name.`, 2)
  const extensions = [...(options.extensions ?? []), ...(options.extension ?? [])]
  const fields: [string, string][] = [
    ['fileName', fileName],
    ...parameters,
    ...(options.field ?? []),
    ...(extensions.length > 0 ? [['extensions', JSON.stringify(extensions)] satisfies [string, string]] : []),
  ]
  const sent = await sendWithProgress(context, client, { source, fields, fileName }, options)
  await reportUpload(context, client, sent, { json: options.json === true, limitSeconds })
}

async function sendWithProgress(
  { stderr }: CommandContext,
  client: CommandClient,
  { source, fields, fileName }: { source: UploadSource; fields: [string, string][]; fileName: string },
  { json, idempotencyKey }: UploadOptions,
): Promise<SentUpload> {
  if (stderr.isTTY !== true || json || source.kind === 'url')
    return sendUpload(client, { source, fields, idempotencyKey })
  const progress = await startUploadProgress(stderr, fileName, source.sizeBytes)
  try {
    return await sendUpload(client, { source, fields, idempotencyKey, onSent: progress.onSent })
  } finally {
    progress.stop()
  }
}

/** `limitSeconds`: how long to wait for the final statuses. Undefined: don't wait. */
type ReportOptions = { json: boolean; limitSeconds: number | undefined }

/** Prints the result of an upload, and waits for its final statuses if `limitSeconds` is set. */
async function reportUpload(
  context: CommandContext,
  client: CommandClient,
  sent: SentUpload,
  { json, limitSeconds }: ReportOptions,
): Promise<void> {
  const paint = createPaint(context)
  const print = (text: string) => printLine(context.stdout, text)
  if (!json) print(formatUpload(sent, paint))
  let asset: AssetStatus | undefined
  try {
    if (limitSeconds !== undefined)
      asset = await waitForFinalStatus(client, sent, limitSeconds, (line) => !json && print(line), paint)
  } finally {
    // The JSON is printed even if waiting failed, because the upload succeeded.
    const { body, submissionId, statusUrl, eventsUrl } = sent
    const urls = { statusUrl, eventsUrl }
    if (json)
      print(stringifyForTerminal({ ...body, submissionId, ...urls, ...(asset && { assetStatus: asset }) }))
  }
  if (asset === undefined) return
  if (hasFailedOrExpired(asset)) context.exitCode = 3
  else if (asset.status === 'pending')
    throw new CommandError(
      `Still pending after ${limitSeconds} s; check later with: extension-tracker status ${escapeForTerminal(asset.fileId)}`,
    )
}

async function waitForFinalStatus(
  client: CommandClient,
  { response }: SentUpload,
  limitSeconds: number,
  print: (line: string) => void,
  paint: Paint,
): Promise<AssetStatus | undefined> {
  const { fileId, message } = response
  if (fileId === undefined)
    throw new CommandError(
      `Cannot wait: there is no fileId yet. ${escapeForTerminal(message ?? '')}`.trimEnd(),
    )
  let before: { readonly [name: string]: string } = response.extensionStatus ?? {}
  let last: AssetStatus | undefined
  for await (const asset of followAsset(client, fileId, limitSeconds)) {
    for (const { run, from } of changedRuns(before, asset)) print(`  ${formatChange(run, from, paint)}`)
    before = statusByName(asset)
    last = asset
  }
  return last
}

function formatUpload({ response, submissionId, statusUrl }: SentUpload, paint: Paint): string {
  const { fileId, name, url, message, extensionStatus = {} } = response
  const extensions = Object.entries(extensionStatus).map(
    ([name, status]) => `${escapeForTerminal(name)} ${paint(status, escapeForTerminal(status))}`,
  )
  const rows: [string, string | null | undefined][] = [
    ['fileId', fileId && escapeForTerminal(fileId)],
    ['url', url && escapeForTerminal(url)],
    ['submission', submissionId && escapeForTerminal(submissionId)],
    ['status', statusUrl && escapeForTerminal(statusUrl)],
    ['extensions', extensions.join(', ')],
  ]
  const lines = rows.flatMap(([label, value]) => (value ? [`  ${label.padEnd(10)}  ${value}`] : []))
  return [
    escapeForTerminal(
      fileId === undefined ? (message ?? 'The upload is queued.') : `Uploaded ${name ?? fileId}`,
    ),
    ...lines,
  ].join('\n')
}
