import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { placeholderProblem } from '../config/secrets.ts'
import type { Environment } from '../config/variables.ts'
import { type CommandContext, printLine } from './command-context.ts'
import { CommandError } from './command-error.ts'
import { startLocalServers } from './local-servers.ts'

export function devCommand(context: CommandContext): Command {
  return new Command('dev')
    .description(
      'Runs the service and a local ImageKit together until Ctrl-C, and keeps their data. Needs no account and no network.',
    )
    .option('--directory <PATH>', 'folder for the database and the uploaded files', './data')
    .addHelpText('after', DEV_HELP)
    .action(async ({ directory }: { directory: string }) => {
      const { env, readText, stdout, stderr } = context
      if (env['NODE_ENV'] === 'production')
        throw new CommandError('NODE_ENV is production; dev is only for development.', 2)
      const placeholders = OPTIONAL_SECRETS.filter((name) => isPlaceholder(env[name]))
      if (placeholders.length > 0)
        printLine(stderr, `Ignored the placeholders in ${placeholders.join(', ')}. ${PLACEHOLDER_HINT}`)
      const stopRequested = context.stopRequested()
      const servers = await startLocalServers({
        env: {
          DATABASE_URL: `file:${join(resolve(directory), 'tracker.db')}`,
          ...without(env, placeholders),
        },
        readText,
        sandboxDirectory: resolve(directory, 'sandbox'),
        // PORT is the service's. If it is 0, which stands for any free port, the sandbox takes any free port too.
        sandboxPort: env['PORT'] === '0' ? 0 : SANDBOX_PORT,
      })
      try {
        printLine(
          stdout,
          [
            `service   ${servers.serviceUrl}`,
            `pages     ${servers.serviceUrl}/admin`,
            `sandbox   ${servers.sandboxUrl}`,
            '',
            'Press Ctrl-C to stop. The data is kept.',
          ].join('\n'),
        )
        await stopRequested
      } finally {
        await servers.stop()
      }
    })
}

const SANDBOX_PORT = 3001

/**
 * The variables that are set to placeholders in `.env.example`, except IMAGEKIT_PRIVATE_KEY, which the sandbox's key replaces. On
 * loopback, the service needs none of them, except TRACKER_TOKEN_SECRET with PostgreSQL.
 */
const OPTIONAL_SECRETS = ['TRACKER_API_KEY', 'TRACKER_ADMIN_KEY', 'TRACKER_TOKEN_SECRET']

const PLACEHOLDER_HINT =
  'dev needs no keys. Remove these lines from .env, or replace the values, so that the other commands accept the file too.'

/** Whether a variable's value has only placeholders. A list that also has a real secret must not be ignored. */
function isPlaceholder(text = ''): boolean {
  return text.split(',').every((entry) => placeholderProblem(entry) !== undefined)
}

function without(env: Environment, names: readonly string[]): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)))
}

const DEV_HELP = `
The service is configured as with serve, except that it uploads to the local ImageKit. Without DATABASE_URL, its database is
tracker.db in the folder of --directory. The local ImageKit listens on port ${SANDBOX_PORT}, or on any free port if PORT is 0, and
accepts any private key.
Keys and secrets that are placeholders of .env.example are ignored, because the service needs none on loopback, except
TRACKER_TOKEN_SECRET with PostgreSQL.

Examples:
  extension-tracker dev
  PORT=4000 extension-tracker dev --directory /tmp/tracker

In another terminal:
  extension-tracker upload photo.png --extension remove-bg --wait`
