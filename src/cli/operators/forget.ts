import { createInterface } from 'node:readline'
import { Command } from 'commander'
import { readText } from '../../client/http.ts'
import { type CommandContext, printLine } from '../command-context.ts'
import { CommandError } from '../command-error.ts'
import { escapeForTerminal, stringifyForTerminal } from '../terminal-text.ts'
import { OPERATOR_HELP } from '../tracker-access.ts'
import { createConfiguredClient, explainErrors } from '../tracker-client.ts'

type ForgetOptions = { reason?: string; yes?: true; json?: true }

export function forgetCommand(context: CommandContext): Command {
  return new Command('forget')
    .description('Deletes everything that the service stores about an asset. The file in ImageKit stays.')
    .argument('<FILE_ID>', "ImageKit's fileId")
    .option('--reason <TEXT>', 'saved to the audit log')
    .option('--yes', 'do not ask for confirmation')
    .option('--json', 'print { fileId, forgotten: true }')
    .addHelpText('after', FORGET_HELP)
    .action(async (fileId: string, { reason, yes, json }: ForgetOptions) => {
      const client = createConfiguredClient(context)
      if (!yes) await confirm(context, fileId)
      const request = { method: 'DELETE', json: reason === undefined ? {} : { reason } }
      const path = `/assets/${encodeURIComponent(fileId)}`
      // An unread body would keep the connection, and with it the process.
      await explainErrors(
        client,
        client.http.send(path, request).then((response) => readText(response)),
      )
      printLine(
        context.stdout,
        json ? stringifyForTerminal({ fileId, forgotten: true }) : `Forgot ${escapeForTerminal(fileId)}.`,
      )
    })
}

const FORGET_HELP = `
Examples:
  extension-tracker forget 598821f949c0a938d57563bd
  extension-tracker forget 598821f949c0a938d57563bd --yes --reason "request of the customer"
${OPERATOR_HELP}
The deletion cannot be undone. Earlier entries in the audit log stay, with hashes instead of ids; those about this asset alone lose
their reasons. Without a terminal, --yes is required.`

/** Throws `CommandError` unless the user types yes. */
async function confirm({ stdin, stderr }: CommandContext, fileId: string): Promise<void> {
  if (!('isTTY' in stdin) || stdin.isTTY !== true)
    throw new CommandError('Without a terminal, this command cannot ask for confirmation: add --yes.', 2)
  stderr.write(
    `Delete everything that the service stores about ${escapeForTerminal(fileId)}? Type yes to confirm: `,
  )
  for await (const line of createInterface({ input: stdin })) {
    if (line.trim() === 'yes') return
    break
  }
  throw new CommandError('Not confirmed. Nothing was deleted.')
}
