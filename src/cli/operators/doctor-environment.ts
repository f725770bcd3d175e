import { ConfigError, parseConfig } from '../../config.ts'
import { type Check, fail, ok } from '../../domain/diagnostics/check.ts'
import type { CommandContext } from '../command-context.ts'

/** Checks whether `serve` would start with this environment, and reports every problem. */
export function checkEnvironment({ env, readText }: Pick<CommandContext, 'env' | 'readText'>): Check[] {
  const name = 'configuration'
  const isSet = (variable: string) => Boolean(env[variable] || env[`${variable}_FILE`])
  if (isSet('TRACKER_URL') && !isSet('IMAGEKIT_PRIVATE_KEY'))
    return [ok(name, "this is a client's environment; to check the service's, run doctor where serve runs")]
  try {
    parseConfig(env, readText)
    return [ok(name, 'serve would start with this environment')]
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((problem) =>
      fail(name, problem, 'serve does not start with this environment: correct this variable.'),
    )
  }
}
