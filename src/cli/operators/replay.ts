import { Command } from 'commander'
import { recordedDeliverySchema } from '../../contract/delivery.ts'
import { type CommandContext, printLine } from '../command-context.ts'
import { escapeForTerminal, stringifyForTerminal } from '../terminal-text.ts'
import { OPERATOR_HELP } from '../tracker-access.ts'
import { createConfiguredClient, requestJson } from '../tracker-client.ts'

export function replayCommand(context: CommandContext): Command {
  return new Command('replay')
    .description(
      'Re-applies a received webhook. A rejected one is applied if it now verifies, for example after a secret was corrected.',
    )
    .argument('<DELIVERY_ID>', 'the id that deliveries prints')
    .option('--reason <TEXT>', 'saved to the audit log')
    .option('--json', "print the service's JSON")
    .addHelpText('after', REPLAY_HELP)
    .action(async (deliveryId: string, { reason, json }: { reason?: string; json?: true }) => {
      const client = createConfiguredClient(context)
      const path = `/deliveries/${encodeURIComponent(deliveryId)}/replay`
      const body = reason === undefined ? {} : { reason }
      const replayed = await requestJson(client, { method: 'POST', path, body }, recordedDeliverySchema)
      printLine(
        context.stdout,
        json ? stringifyForTerminal(replayed) : `${deliveryId}  ${escapeForTerminal(replayed.outcome)}`,
      )
    })
}

const REPLAY_HELP = `
Examples:
  extension-tracker deliveries --outcome rejected
  extension-tracker replay dlv_14_AbCdEfGhIjk --reason "the secret was wrong"
${OPERATOR_HELP}
The exit code is 1 if it is still rejected.`
