import { type AssetStatus, changedRuns, hasUnsuccessful, statusByName } from './asset-status.ts'
import { createPaint, formatChange, type Paint } from './asset-text.ts'
import { type CommandContext, printLine } from './command-context.ts'
import { CommandError } from './command-error.ts'
import { followAsset } from './follow-asset.ts'
import type { SentUpload } from './send-upload.ts'
import { inertJson, inertText } from './terminal-text.ts'
import type { TrackerClient } from './tracker-client.ts'

/** `limitSeconds`: how long to wait for the final statuses; undefined: not at all. */
type ReportOptions = { json: boolean; limitSeconds: number | undefined }

/** Prints what became of an upload, and waits for its final statuses where that is asked for. */
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
      asset = await waitForEnd(client, sent, limitSeconds, (line) => !json && print(line), paint)
  } finally {
    // Also where the waiting failed: the upload has happened.
    const { body, submissionId, statusUrl, eventsUrl } = sent
    const urls = { statusUrl, eventsUrl }
    if (json) print(inertJson({ ...body, submissionId, ...urls, ...(asset && { assetStatus: asset }) }))
  }
  if (asset === undefined) return
  if (hasUnsuccessful(asset)) context.exitCode = 3
  else if (asset.status === 'pending')
    throw new CommandError(
      `Still pending after ${limitSeconds} s; look again with: extension-tracker status ${inertText(asset.fileId)}`,
    )
}

async function waitForEnd(
  client: TrackerClient,
  { answer }: SentUpload,
  limitSeconds: number,
  print: (line: string) => void,
  paint: Paint,
): Promise<AssetStatus | undefined> {
  const { fileId, message } = answer
  if (fileId === undefined)
    throw new CommandError(`There is no fileId to wait for yet. ${inertText(message ?? '')}`.trimEnd())
  let before: { readonly [name: string]: string } = answer.extensionStatus ?? {}
  let last: AssetStatus | undefined
  for await (const asset of followAsset(client, fileId, limitSeconds)) {
    for (const { run, from } of changedRuns(before, asset)) print(`  ${formatChange(run, from, paint)}`)
    before = statusByName(asset)
    last = asset
  }
  return last
}

function formatUpload({ answer, submissionId, statusUrl }: SentUpload, paint: Paint): string {
  const { fileId, name, url, message, extensionStatus = {} } = answer
  const extensions = Object.entries(extensionStatus).map(
    ([name, status]) => `${inertText(name)} ${paint(status, inertText(status))}`,
  )
  const rows: [string, string | null | undefined][] = [
    ['fileId', fileId && inertText(fileId)],
    ['url', url && inertText(url)],
    ['submission', submissionId && inertText(submissionId)],
    ['status', statusUrl && inertText(statusUrl)],
    ['extensions', extensions.join(', ')],
  ]
  const told = rows.flatMap(([label, value]) => (value ? [`  ${label.padEnd(10)}  ${value}`] : []))
  return [
    inertText(fileId === undefined ? (message ?? 'The upload is queued.') : `Uploaded ${name ?? fileId}`),
    ...told,
  ].join('\n')
}
