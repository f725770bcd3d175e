import type { AssetStatus, RunStatus } from './asset-status.ts'
import type { CommandContext } from './command-context.ts'
import { escapeForTerminal, padTo, widthOf } from './terminal-text.ts'

/** Colours a status if the output is a terminal and `NO_COLOR` is not set. */
export type Paint = (status: string, text?: string) => string

export function createPaint({ env, stdout }: Pick<CommandContext, 'env' | 'stdout'>): Paint {
  const isColoured = stdout.isTTY === true && !env['NO_COLOR']
  return (status, text = status) => {
    const colour = COLOURS.get(status)
    return isColoured && colour !== undefined ? `\u001b[${colour}m${text}\u001b[39m` : text
  }
}

// ANSI: green, red, yellow, cyan.
const COLOURS = new Map([
  ['success', 32],
  ['failed', 31],
  ['expired', 33],
  ['pending', 36],
])

/** An asset and its extensions, one per line. */
export function formatAsset(asset: AssetStatus, paint: Paint): string {
  const width = Math.max(...asset.extensions.map((run) => widthOf(escapeForTerminal(run.name))), 0)
  const lines = asset.extensions.map(
    (run) =>
      `  ${padTo(escapeForTerminal(run.name), width)}  ${paint(run.status, run.status.padEnd(7))}  ${formatReason(run)}`,
  )
  const status = asset.status === 'none' ? 'none (no extension was requested)' : paint(asset.status)
  return [`${escapeForTerminal(asset.fileId)}  ${status}`, ...lines.map((line) => line.trimEnd())].join('\n')
}

/** One change: `remove-bg  pending → failed  reason`. */
export function formatChange(run: RunStatus, from: string | undefined, paint: Paint): string {
  const change = from === undefined ? paint(run.status) : `${paint(from)} → ${paint(run.status)}`
  return [escapeForTerminal(run.name), change, formatError(run.error)]
    .filter((part) => part !== '')
    .join('  ')
}

/** ImageKit doesn't document the shape of these errors. If there is a `message`, it is shown alone. */
export function formatError(error: unknown): string {
  return escapeForTerminal(messageOf(error))
}

function messageOf(error: unknown): string {
  if (error === null || error === undefined) return ''
  if (typeof error === 'string') return error
  const entries = typeof error === 'object' ? Object.entries(error) : []
  const message = entries.find(([key, value]) => key === 'message' && typeof value === 'string')
  return message === undefined ? JSON.stringify(error) : String(message[1])
}

function formatReason(run: RunStatus): string {
  return [`(${escapeForTerminal(run.source)})`, formatError(run.error)].join('  ')
}
