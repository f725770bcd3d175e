import { Command } from 'commander'
import { VARIABLES } from '../config/documented-variables.ts'
import { parseConfig } from '../config.ts'
import { createService } from '../service.ts'
import type { CommandContext } from './command-context.ts'

/** `serve`: runs until it is asked to stop. */
export function serveCommand({ env, readText, stopRequested }: CommandContext): Command {
  return new Command('serve')
    .description('Runs the service. It is configured by environment variables only.')
    .addHelpText('after', VARIABLES_HELP)
    .action(async () => {
      const service = createService(parseConfig(env, readText))
      try {
        await service.start()
        await stopRequested()
      } finally {
        await service.stop()
      }
    })
}

const VARIABLES_HELP = `
Variables, with their defaults. Each can also be given as NAME_FILE, the path of a file:
${VARIABLES.map(variableLine).join('\n')}`

function variableLine(variable: (typeof VARIABLES)[number]): string {
  const value = 'default' in variable ? variable.default : variable.unset.replaceAll('`', '')
  return `  ${variable.name.padEnd(28)}${value}`
}
