import { resolve } from 'node:path'
import { Command } from 'commander'
import { destination, pino } from 'pino'
import { Variables } from '../config/variables.ts'
import { ConfigError } from '../config.ts'
import { createSandbox, type SandboxOptions } from '../sandbox/sandbox.ts'
import type { CommandContext } from './command-context.ts'

type SandboxContext = Pick<CommandContext, 'env' | 'readText' | 'stdout' | 'stopRequested'>
type Options = {
  port?: string
  directory: string
  publicUrl?: string
  allowHost: string[]
  allowPrivateUrls?: true
}

/** `extension-tracker sandbox`: runs a local ImageKit until it is asked to stop. */
export function sandboxCommand(context: SandboxContext): Command {
  return new Command('sandbox')
    .description('Runs a local ImageKit for development and tests.')
    .option('--port <port>', 'port to listen on; 0: any free port (default: PORT, or 3001)')
    .option('--directory <path>', 'folder for uploaded files', './data/sandbox')
    .option('--public-url <url>', 'base URL of file URLs (default: the address listened on)')
    .option(
      '--allow-host <name>',
      'a name to accept in the Host header, besides loopback and the host of --public-url; repeatable',
      (name: string, names: string[]) => [...names, name.toLowerCase()],
      [],
    )
    .option('--allow-private-urls', 'also download files from URLs at private addresses')
    .addHelpText('after', SANDBOX_HELP)
    .action(async (options: Options) => {
      const parsed = parseSandboxOptions(context, options)
      const sandbox = createSandbox(parsed)
      const stopRequested = context.stopRequested()
      const { url } = await sandbox.start()
      context.stdout.write(introduction(url, parsed))
      await stopRequested
      await sandbox.stop()
    })
}

const SANDBOX_HELP = `
Tags on a file choose what happens, like test cards for payments. They can be combined:
  sandbox:EXTENSION=success      pending in the response, success by webhook (default)
  sandbox:EXTENSION=failed       pending in the response, failed by webhook
  sandbox:EXTENSION=success-now  success in the response
  sandbox:EXTENSION=failed-now   failed in the response
  sandbox:EXTENSION=pending      stays pending
  sandbox:webhook=drop           no webhook is sent, but the file changes
  sandbox:webhook=duplicate      the webhook is sent three times
  sandbox:webhook=early          the webhook is sent before the response
  sandbox:webhook=late           the webhook is sent after ten times the delay
  sandbox:webhook=reorder        the webhooks of one request are sent in reverse order
  sandbox:webhook=conflict       the webhook is followed by one with the opposite status
  sandbox:delay=MS               how long an extension takes (300)
The tags stay on the file: a retry has the same result until PATCH /v1/files/ID/details changes them.

Environment:
  HOST                  host to listen on (127.0.0.1)
  PORT                  port to listen on without --port (3001)
  IMAGEKIT_PRIVATE_KEY  private key to accept (any)
  LOG_LEVEL             least severe level to log (info)`

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** Reads the configuration. Throws `ConfigError` with every problem at once. */
function parseSandboxOptions(
  { env, readText }: SandboxContext,
  { port: portOption, directory, publicUrl, allowHost, allowPrivateUrls }: Options,
): SandboxOptions {
  // The option overrides the variable, because a `.env` shared with the service contains the service's PORT.
  const portName = portOption === undefined ? 'PORT' : '--port'
  // The option is read like a variable, so that a problem with it is reported like the others.
  const variables = new Variables({ ...env, '--port': portOption }, readText)
  if (env['NODE_ENV'] === 'production') {
    variables.addProblem('NODE_ENV', 'is production; the sandbox is only for development and tests')
  }
  const host = variables.text('HOST') ?? '127.0.0.1'
  const port = variables.integer(portName, 3001, 0, 65_535)
  const privateKey = variables.text('IMAGEKIT_PRIVATE_KEY')
  const findLevel = (text: string) => LOG_LEVELS.find((level) => level === text)
  const level = variables.parsed('LOG_LEVEL', 'info', findLevel, `one of ${LOG_LEVELS.join(', ')}`)
  if (publicUrl !== undefined && !isHttpUrl(publicUrl)) {
    variables.addProblem('--public-url', 'must be a URL that starts with http:// or https://')
  }
  if (variables.problems.length > 0) throw new ConfigError(variables.problems)
  return {
    directory: resolve(directory),
    host,
    port,
    allowedHosts: allowHost,
    allowPrivateUrls: allowPrivateUrls ?? false,
    logger: pino({ level }, destination(2)),
    ...(privateKey !== undefined && { privateKey }),
    ...(publicUrl !== undefined && { publicUrl: publicUrl.replace(/\/+$/, '') }),
  }
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}

/** Does not print the private key, because terminals and logs are not secret. */
function introduction(url: string, { privateKey }: SandboxOptions): string {
  const addresses = `The sandbox listens on ${url}

Point the service at it:
  IMAGEKIT_UPLOAD_URL=${url}
  IMAGEKIT_API_URL=${url}
`
  return privateKey === undefined
    ? `${addresses}  IMAGEKIT_PRIVATE_KEY=private_sandbox  # any key is accepted\n`
    : `${addresses}The service needs the same IMAGEKIT_PRIVATE_KEY as this sandbox.\n`
}
