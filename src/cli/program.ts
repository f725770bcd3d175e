import { Command, CommanderError } from 'commander'
import { findUnknownVariables } from '../config/unknown-variables.ts'
import { ConfigError } from '../config.ts'
import { type CommandContext, printLine } from './command-context.ts'
import { CommandError, errorCode, errorMessage } from './command-error.ts'

type Entry = { name: string; summary: string; load: (context: CommandContext) => Promise<Command> }

// Each command's own modules are loaded only when it is named: `--help` and `status` need no database and no image library.
const COMMANDS: readonly Entry[] = [
  {
    name: 'serve',
    summary: 'run the service',
    load: async (context) => (await import('./serve.ts')).serveCommand(context),
  },
  {
    name: 'demo',
    summary: 'see it work: no account, no network',
    load: async (context) => (await import('./demo.ts')).demoCommand(context),
  },
  {
    name: 'sandbox',
    summary: 'run a local ImageKit for development and tests',
    load: async (context) => (await import('./sandbox.ts')).sandboxCommand(context),
  },
  {
    name: 'migrate',
    summary: 'bring the database up to date',
    load: async (context) => (await import('./migrate.ts')).migrateCommand(context),
  },
  {
    name: 'upload',
    summary: 'upload a file through the service',
    load: async (context) => (await import('./upload.ts')).uploadCommand(context),
  },
  {
    name: 'status',
    summary: 'show the extension statuses of files',
    load: async (context) => (await import('./status.ts')).statusCommand(context),
  },
  {
    name: 'failures',
    summary: 'list what failed and nobody has seen to',
    load: async (context) => (await import('./operators/failures.ts')).failuresCommand(context),
  },
  {
    name: 'retry',
    summary: 'have extensions run again',
    load: async (context) => (await import('./operators/retry.ts')).retryCommand(context),
  },
  {
    name: 'deliveries',
    summary: 'list the webhooks that came',
    load: async (context) => (await import('./operators/deliveries.ts')).deliveriesCommand(context),
  },
  {
    name: 'replay',
    summary: 'apply a webhook again',
    load: async (context) => (await import('./operators/replay.ts')).replayCommand(context),
  },
  {
    name: 'stats',
    summary: 'tell how things stand',
    load: async (context) => (await import('./operators/stats.ts')).statsCommand(context),
  },
  {
    name: 'reconcile',
    summary: 'find out what no webhook told of overdue runs',
    load: async (context) => (await import('./reconcile.ts')).reconcileCommand(context),
  },
  {
    name: 'backup',
    summary: 'write a consistent copy of the database',
    load: async (context) => (await import('./operators/backup.ts')).backupCommand(context),
  },
  {
    name: 'doctor',
    summary: 'find out what is wrong with the set-up, and what to do',
    load: async (context) => (await import('./operators/doctor.ts')).doctorCommand(context),
  },
]

/** Runs one command. Resolves to the exit code; nothing is thrown. */
export async function runProgram(
  args: readonly string[],
  context: CommandContext,
  version: string,
): Promise<number> {
  try {
    const program = await createProgram(args, context, version)
    // The service logs them with its other warnings.
    if (!args.includes('serve'))
      for (const warning of findUnknownVariables(context.env))
        printLine(context.stderr, `Warning: ${warning}`)
    await program.parseAsync(args, { from: 'user' })
    return context.exitCode
  } catch (error) {
    return reportError(error, context)
  }
}

async function createProgram(
  args: readonly string[],
  context: CommandContext,
  version: string,
): Promise<Command> {
  const program = new Command('extension-tracker')
    .description('Tracks the final status of ImageKit extensions.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    })
    .addHelpText('after', EXIT_CODES)
  for (const { name, summary, load } of COMMANDS) {
    const command = args.includes(name) ? await load(context) : new Command(name)
    program.addCommand(command.summary(summary).copyInheritedSettings(program))
  }
  return program
}

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 usage or configuration,
3 (upload --wait, status) some extension failed or expired.`

function reportError(error: unknown, { env, stderr }: CommandContext): number {
  // Commander has said it already: help, the version, or what is wrong with the arguments.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const showsStack = env['LOG_LEVEL'] === 'debug' || env['LOG_LEVEL'] === 'trace'
  const stack = showsStack && error instanceof Error ? error.stack : undefined
  const hint = errorCode(error) === 'EADDRINUSE' ? '. Set another PORT.' : ''
  printLine(stderr, stack ?? `${errorMessage(error)}${hint}`)
  if (error instanceof ConfigError || isDatabaseStartError(error)) return 2
  return error instanceof CommandError ? error.exitCode : 1
}

/** By its name: the class itself would load the database into every command. */
function isDatabaseStartError(error: unknown): boolean {
  return error instanceof Error && error.name === 'DatabaseStartError'
}
