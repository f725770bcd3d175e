import { Command, InvalidArgumentError } from 'commander'
import stringWidth from 'string-width'
import type { AssetStatus } from '../client/client.ts'
import { isFileId } from '../domain/plain-text.ts'
import {
  type CurrentRun,
  changedRuns,
  formatChange,
  formatError,
  hasFailedOrExpired,
  statusByName,
} from './asset-status.ts'
import { type CommandContext, printLine } from './command-context.ts'
import { followAsset, getAssetStatus } from './follow-asset.ts'
import { createPaint, escapeForTerminal, type Paint, padTo, stringifyForTerminal } from './terminal-text.ts'
import { type CommandClient, createConfiguredClient } from './tracker-client.ts'

export function statusCommand(context: CommandContext): Command {
  return new Command('status')
    .description(
      'Shows the extension statuses of a file. The exit code is 3 if an extension failed or expired.',
    )
    .argument('<FILE_ID>', "ImageKit's fileId", parseFileId)
    .option('--watch', 'show each change until nothing is pending')
    .option('--json', "print the service's JSON, one object per line")
    .action(async (fileId: string, options: { watch?: true; json?: true }) => {
      const client = createConfiguredClient(context)
      let last: AssetStatus | undefined
      for await (const asset of options.watch ? followAsset(client, fileId) : getOnce(client, fileId)) {
        const text = options.json ? stringifyForTerminal(asset) : formatUpdate(context, asset, last)
        // Empty if a newer run of an extension has the same status.
        if (text !== '') printLine(context.stdout, text)
        last = asset
      }
      if (last !== undefined && hasFailedOrExpired(last)) context.exitCode = 3
    })
}

/** Rejects an invalid id: `..`, for example, would make the path of its request that of another route. */
function parseFileId(text: string): string {
  if (isFileId(text)) return text
  throw new InvalidArgumentError('It is not a valid fileId.')
}

async function* getOnce(client: CommandClient, fileId: string): AsyncGenerator<AssetStatus, void> {
  yield await getAssetStatus(client, fileId)
}

/** The whole asset first, then the changes only. */
function formatUpdate(context: CommandContext, asset: AssetStatus, previous?: AssetStatus): string {
  const paint = createPaint(context)
  if (previous === undefined) return formatAsset(asset, paint)
  const changes = changedRuns(statusByName(previous), asset)
  return changes.map(({ run, from }) => `  ${formatChange(run, from, paint)}`).join('\n')
}

/** The length of `pending`, `success` and `expired`, the longest statuses. */
const STATUS_WIDTH = 7

/** An asset and its extensions, one per line. */
export function formatAsset(asset: AssetStatus, paint: Paint): string {
  const width = Math.max(...asset.extensions.map((run) => stringWidth(escapeForTerminal(run.name))), 0)
  const lines = asset.extensions.map(
    (run) =>
      `  ${padTo(escapeForTerminal(run.name), width)}  ${paint(run.status, run.status.padEnd(STATUS_WIDTH))}  ${formatSourceAndError(run)}`,
  )
  const status = asset.status === 'none' ? 'none (no extension was requested)' : paint(asset.status)
  return [`${escapeForTerminal(asset.fileId)}  ${status}`, ...lines.map((line) => line.trimEnd())].join('\n')
}

function formatSourceAndError(run: CurrentRun): string {
  return [`(${escapeForTerminal(run.source)})`, formatError(run.error)].join('  ')
}
