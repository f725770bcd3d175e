import { VARIABLES, type Variable, type VariableName } from './documented-variables.ts'
import { closestVariable } from './ignored-variables.ts'
import type { Environment } from './variables.ts'

/** What a variable's value may be: text, or what its text would be parsed to. */
type ValueOf<V extends Variable> =
  | string
  | (V extends { isList: true }
      ? readonly string[]
      : V extends { default: 'true' | 'false' }
        ? boolean
        : V extends { default: `${number}` }
          ? number
          : never)

type CamelCase<Text extends string> = Text extends `${infer First}_${infer Rest}`
  ? `${Lowercase<First>}${Capitalize<CamelCase<Rest>>}`
  : Lowercase<Text>

/**
 * The variables of docs/configuration.md, by their own names or in camelCase: `IMAGEKIT_PRIVATE_KEY` or `imagekitPrivateKey`, and
 * `IMAGEKIT_PRIVATE_KEY_FILE` or `imagekitPrivateKeyFile`. Unset if undefined or empty. Other names in capitals are those of other
 * programs, so `process.env` is accepted.
 */
export type TrackerConfig = {
  readonly [V in Variable as V['name'] | CamelCase<V['name']>]?: ValueOf<V> | undefined
} & {
  readonly [Name in VariableName as `${Name}_FILE` | CamelCase<`${Name}_FILE`>]?: string | undefined
} & { readonly [name: Uppercase<string>]: ValueOf<Variable> | undefined }

/** The variables, by their names in camelCase. */
const VARIABLE_OF = new Map(
  VARIABLES.flatMap(({ name }) => [name, `${name}_FILE`]).map((name) => [camelCase(name), name]),
)

/** Matches a name that can't be one of the environment's. A single word such as `windir` can. */
const OPTION = /^[a-z][a-z0-9]*[A-Z][A-Za-z0-9]*$/

/**
 * Converts the configuration to environment variables. A problem is a name in camelCase that is not ours, one of our variables that
 * is given by both of its names, or a value of another type.
 */
export function toEnvironment(config: TrackerConfig): { env: Environment; problems: string[] } {
  const env: { [name: string]: string } = {}
  const problems: string[] = []
  for (const [name, value] of Object.entries<unknown>(config)) {
    if (value === undefined || value === '') continue
    const variable = VARIABLE_OF.get(name) ?? name
    const text = textOf(value)
    if (variable === name && OPTION.test(name)) problems.push(`${name}: ${unknownOption(name)}`)
    else if (env[variable] !== undefined) problems.push(`${variable}: set it by only one of its names`)
    else if (text !== undefined) env[variable] = text
    else problems.push(`${name}: must be text, a number, true, false or a list of texts`)
  }
  return { env, problems }
}

function textOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'boolean':
      return String(value)
    default:
      return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
        ? value.join(',')
        : undefined
  }
}

function unknownOption(name: string): string {
  const meant = closestVariable(name)
  return `is not an option${meant === undefined ? '' : `; did you mean ${camelCase(meant)}?`}`
}

function camelCase(name: string): string {
  return name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}
