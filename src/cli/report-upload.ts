import { type AssetStatus, changedRuns, hasUnsuccessful, statusByName } from './asset-status.ts'
import { createPaint, formatChange, type Paint } from './asset-text.ts'
import { type CommandContext, printLine } from './command-context.ts'
import { CommandError } from './command-error.ts'
import { followAsset } from './follow-asset.ts'
import type { SentUpload } from './send-upload.ts'
import { escapeForTerminal, stringifyForTerminal } from './terminal-text.ts'
import type { TrackerClient } from './tracker-client.ts'

/** `limitSeconds`: how long to wait for the final statuses. Undefined: don't wait. */
type ReportOptions = { json: boolean; limitSeconds: number | undefined }

/** Prints the result of an upload, and waits for its final statuses if `limitSeconds` is set. */
export async function reportUpload(
  context: CommandContext,
  client: TrackerClient,
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
    // Even if waiting failed, because the upload succeeded.
    const { body, submissionId, statusUrl, eventsUrl } = sent
    const urls = { statusUrl, eventsUrl }
    if (json)
      print(stringifyForTerminal({ ...body, submissionId, ...urls, ...(asset && { assetStatus: asset }) }))
  }
  if (asset === undefined) return
  if (hasUnsuccessful(asset)) context.exitCode = 3
  else if (asset.status === 'pending')
    throw new CommandError(
      `Still pending after ${limitSeconds} s; check later with: extension-tracker status ${escapeForTerminal(asset.fileId)}`,
    )
}

async function waitForFinalStatus(
  client: TrackerClient,
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
