import { Command, InvalidArgumentError } from 'commander'
import { isFileId } from '../domain/file-id.ts'
import { type AssetStatus, changedRuns, hasUnsuccessful, statusByName } from './asset-status.ts'
import { createPaint, formatAsset, formatChange } from './asset-text.ts'
import { type CommandContext, printLine } from './command-context.ts'
import { followAsset, getAssetStatus } from './follow-asset.ts'
import { stringifyForTerminal } from './terminal-text.ts'
import { parseTrackerAccess } from './tracker-access.ts'
import { createTrackerClient, type TrackerClient } from './tracker-client.ts'

export function statusCommand(context: CommandContext): Command {
  return new Command('status')
    .description(
      'Shows the extension statuses of a file. The exit code is 3 if an extension failed or expired.',
    )
    .argument('<FILE_ID>', "ImageKit's fileId", parseFileId)
    .option('--watch', 'show each change until nothing is pending')
    .option('--json', "print the service's JSON, one object per line")
    .action(async (fileId: string, options: { watch?: true; json?: true }) => {
      const client = createTrackerClient(parseTrackerAccess(context.env, context.readText))
      let last: AssetStatus | undefined
      for await (const asset of options.watch ? followAsset(client, fileId) : once(client, fileId)) {
        printLine(
          context.stdout,
          options.json ? stringifyForTerminal(asset) : formatUpdate(context, asset, last),
        )
        last = asset
      }
      if (last !== undefined && hasUnsuccessful(last)) context.exitCode = 3
    })
}

/** Anything else could lead to another route of the service. */
function parseFileId(text: string): string {
  if (isFileId(text)) return text
  throw new InvalidArgumentError('It is not a valid fileId.')
}

async function* once(client: TrackerClient, fileId: string): AsyncGenerator<AssetStatus, void> {
  yield await getAssetStatus(client, fileId)
}

/** The whole asset first, then the changes only. */
function formatUpdate(context: CommandContext, asset: AssetStatus, previous?: AssetStatus): string {
  const paint = createPaint(context)
  if (previous === undefined) return formatAsset(asset, paint)
  const changes = changedRuns(statusByName(previous), asset)
  return changes.map(({ run, from }) => `  ${formatChange(run, from, paint)}`).join('\n')
}
