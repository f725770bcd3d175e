import { Command } from 'commander'
import { parseConfig } from '../config.ts'
import { createService } from '../service.ts'
import type { CommandContext } from './command-context.ts'

/** `serve`: runs until it is asked to stop. */
export function serveCommand({ env, readText, stopRequested }: CommandContext): Command {
  return new Command('serve')
    .description('Runs the service. It is configured by environment variables only.')
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
