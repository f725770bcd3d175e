import { Command } from 'commander'
import { z } from 'zod'
import { askTracker } from '../ask-tracker.ts'
import { type CommandContext, printLine } from '../command-context.ts'
import { inertJson, inertText } from '../terminal-text.ts'
import { parseTrackerAccess } from '../tracker-access.ts'
import { createTrackerClient } from '../tracker-client.ts'
import { OPERATOR_HELP } from './run-filter-options.ts'

const replayedSchema = z.looseObject({ outcome: z.string() })

export function replayCommand(context: CommandContext): Command {
  return new Command('replay')
    .description(
      'Applies a webhook again that came already: a refused one once it verifies, after a secret was mended.',
    )
    .argument('<DELIVERY_ID>', 'as deliveries lists it')
    .option('--reason <TEXT>', 'kept with the act')
    .option('--json', "print the service's JSON")
    .addHelpText('after', REPLAY_HELP)
    .action(async (deliveryId: string, { reason, json }: { reason?: string; json?: true }) => {
      const client = createTrackerClient(parseTrackerAccess(context.env, context.readText))
      const path = `/deliveries/${encodeURIComponent(deliveryId)}/replay`
      const body = reason === undefined ? {} : { reason }
      const replayed = await askTracker(client, { method: 'POST', path, body }, replayedSchema)
      printLine(context.stdout, json ? inertJson(replayed) : `${deliveryId}  ${inertText(replayed.outcome)}`)
    })
}

const REPLAY_HELP = `
Examples:
  extension-tracker deliveries --outcome rejected
  extension-tracker replay dlv_14_AbCdEfGhIjk --reason "the secret was wrong"
${OPERATOR_HELP}
Exit code 1 if it would be refused still.`
