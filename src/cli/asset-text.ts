import type { AssetStatus, RunStatus } from './asset-status.ts'
import type { CommandContext } from './command-context.ts'
import { inertText, padTo, widthOf } from './terminal-text.ts'

/** Writes a status in its colour, where a person reads it on a terminal. */
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

/** An asset with its extensions, one a line. */
export function formatAsset(asset: AssetStatus, paint: Paint): string {
  const width = Math.max(...asset.extensions.map((run) => widthOf(inertText(run.name))), 0)
  const lines = asset.extensions.map(
    (run) =>
      `  ${padTo(inertText(run.name), width)}  ${paint(run.status, run.status.padEnd(7))}  ${told(run)}`,
  )
  const status = asset.status === 'none' ? 'none (no extension was asked for)' : paint(asset.status)
  return [`${inertText(asset.fileId)}  ${status}`, ...lines.map((line) => line.trimEnd())].join('\n')
}

/** One change: `remove-bg  pending → failed  reason`. */
export function formatChange(run: RunStatus, from: string | undefined, paint: Paint): string {
  const change = from === undefined ? paint(run.status) : `${paint(from)} → ${paint(run.status)}`
  return [inertText(run.name), change, describeError(run.error)].filter((part) => part !== '').join('  ')
}

/** ImageKit documents no form of its errors; a sentence in one is shown alone. */
export function describeError(error: unknown): string {
  return inertText(sentenceOf(error))
}

function sentenceOf(error: unknown): string {
  if (error === null || error === undefined) return ''
  if (typeof error === 'string') return error
  const told = typeof error === 'object' ? Object.entries(error) : []
  const sentence = told.find(([key, value]) => key === 'message' && typeof value === 'string')
  return sentence === undefined ? JSON.stringify(error) : String(sentence[1])
}

function told(run: RunStatus): string {
  return [`(${inertText(run.source)})`, describeError(run.error)].join('  ')
}
