import { parseEnv } from 'node:util'
import type { Environment } from './variables.ts'

/** Adds the variables of a `.env` file to the environment. Variables that are already set, as `NAME` or `NAME_FILE`, stay. */
export function withDotEnv(env: Environment, text: string): Environment {
  const isSet = (name: string) => env[name] !== undefined
  const added = Object.entries(parseEnv(text)).filter(
    ([name]) => !isSet(name) && !isSet(`${name}_FILE`) && !isSet(name.replace(/_FILE$/, '')),
  )
  return { ...Object.fromEntries(added), ...env }
}
