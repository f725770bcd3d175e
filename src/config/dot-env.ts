import { parseEnv } from 'node:util'
import type { Environment } from './variables.ts'

/** The environment with what the text of a `.env` file adds to it. A variable that is set already, as `NAME` or `NAME_FILE`, stays. */
export function withDotEnv(env: Environment, text: string): Environment {
  const isSet = (name: string) => env[name] !== undefined
  const added = Object.entries(parseEnv(text)).filter(
    ([name]) => !isSet(name) && !isSet(`${name}_FILE`) && !isSet(name.replace(/_FILE$/, '')),
  )
  return { ...Object.fromEntries(added), ...env }
}
