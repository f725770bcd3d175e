import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Command } from 'commander'
import { errorMessage } from '../domain/errors.ts'
import { type CommandContext, printLine } from './command-context.ts'
import { stringifyForTerminal } from './terminal-text.ts'
import { parseTrackerAccess } from './tracker-access.ts'

export function openCommand(context: CommandContext): Command {
  return new Command('open')
    .description('Prints the address of the admin pages and, on a terminal, opens it in the browser.')
    .option('--print', 'only print the address')
    .option('--json', 'only print { url }')
    .addHelpText('after', OPEN_HELP)
    .action(async ({ print, json }: { print?: true; json?: true }) => {
      const { url: serviceUrl } = parseTrackerAccess(context.env, context.readText)
      const url = `${serviceUrl}/admin`
      printLine(context.stdout, json ? stringifyForTerminal({ url }) : url)
      if (!print && !json && context.stdout.isTTY === true) await openInBrowser(context, url)
    })
}

const OPEN_HELP = `
Examples:
  extension-tracker open
  TRACKER_URL=https://tracker.example.com extension-tracker open --print

TRACKER_URL (else PUBLIC_URL, else HOST and PORT) is the address of the service. The pages ask for an admin key to
sign in, unless the service has no keys.`

async function openInBrowser({ env, stderr }: CommandContext, url: string): Promise<void> {
  const [command, ...args] = openerOf(process.platform)
  const opener = spawn(command, [...args, url], { env, stdio: 'ignore', detached: true })
  try {
    await once(opener, 'spawn')
    opener.unref()
  } catch (error) {
    printLine(stderr, `No browser was opened: ${errorMessage(error)}`)
  }
}

function openerOf(platform: NodeJS.Platform): [string, ...string[]] {
  if (platform === 'darwin') return ['open']
  // `start` takes its first quoted argument as the title of a window, so an empty title comes before the address.
  if (platform === 'win32') return ['cmd', '/c', 'start', '""']
  return ['xdg-open']
}
