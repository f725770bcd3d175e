import { type Logger, pino } from 'pino'

export type SandboxLogger = Pick<Logger, 'info' | 'error'>

export function silentLogger(): SandboxLogger {
  return pino({ level: 'silent' })
}
