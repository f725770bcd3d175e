import { parseEnv } from 'node:util'
import { errorMessage } from '../domain/errors.ts'
import { parseInteger } from '../domain/quantities.ts'
import type { VariableName } from './documented-variables.ts'

export type Environment = { readonly [name: string]: string | undefined }

/** Adds the variables of a `.env` file to the environment. Variables that are already set, as `NAME` or `NAME_FILE`, take precedence. */
export function withDotEnv(env: Environment, text: string): Environment {
  const isSet = (name: string) => env[name] !== undefined
  const added = Object.entries(parseEnv(text)).filter(
    ([name]) => !isSet(name) && !isSet(`${name}_FILE`) && !isSet(name.replace(/_FILE$/, '')),
  )
  return { ...Object.fromEntries(added), ...env }
}

/** A documented variable, or an option of a command that has the same effect as one. */
type Name = VariableName | `--${string}`

/** Returns a file's text. Throws if it can't be read. */
export type ReadText = (path: string) => string

/**
 * Reads variables one by one and collects their problems, so that all can be reported at once.
 * Each variable may be given as `NAME_FILE`, the path of a file that contains the value.
 */
export class Variables {
  readonly problems: string[] = []
  readonly #env: Environment
  readonly #readText: ReadText

  constructor(env: Environment, readText: ReadText) {
    this.#env = env
    this.#readText = readText
  }

  /** Adds a problem. If a variable is read twice, its problem is added only once. */
  addProblem(name: string, text: string): void {
    const problem = `${name}: ${text}`
    if (!this.problems.includes(problem)) this.problems.push(problem)
  }

  /**
   * The value, trimmed; undefined if it is unset or empty. Also undefined, and a problem, if `NAME` and `NAME_FILE` are both set, or
   * if the file is empty or can't be read.
   */
  text(name: Name): string | undefined {
    const value = this.#env[name]?.trim() || undefined
    const path = this.#env[`${name}_FILE`]?.trim() || undefined
    if (path === undefined) return value
    if (value !== undefined) {
      this.addProblem(name, `set either ${name} or ${name}_FILE, not both`)
      return undefined
    }
    return this.#fileText(`${name}_FILE`, path)
  }

  #fileText(name: string, path: string): string | undefined {
    try {
      const text = this.#readText(path).trim()
      if (text !== '') return text
      // With an empty key file, the service would otherwise start without keys.
      this.addProblem(name, `the file ${path} is empty`)
    } catch (error) {
      this.addProblem(name, `can't be read (${errorMessage(error)})`)
    }
    return undefined
  }

  /** Parses a value. Returns `fallback` if it is unset or invalid. `form` describes a valid value: the problem says "must be `form`". */
  parsed<T>(name: Name, fallback: T, parse: (text: string) => T | undefined, form: string): T {
    const text = this.text(name)
    if (text === undefined) return fallback
    const value = parse(text)
    if (value !== undefined) return value
    this.addProblem(name, `must be ${form}`)
    return fallback
  }

  integer(name: Name, fallback: number, min: number, max: number): number {
    const parse = (text: string) => {
      const value = parseInteger(text)
      return value !== undefined && value >= min && value <= max ? value : undefined
    }
    return this.parsed(name, fallback, parse, `a whole number from ${min} to ${max}`)
  }

  flag(name: Name, fallback: boolean): boolean {
    const parse = (text: string) => (text === 'true' ? true : text === 'false' ? false : undefined)
    return this.parsed(name, fallback, parse, 'true or false')
  }

  url(name: Name, protocols: readonly string[]): URL | undefined {
    const parse = (text: string) => {
      const url = URL.canParse(text) ? new URL(text) : undefined
      return url && protocols.includes(url.protocol) ? url : undefined
    }
    const form = `a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`
    return this.parsed<URL | undefined>(name, undefined, parse, form)
  }

  /** A URL to which paths are appended: without credentials, a query, a fragment or a trailing slash. */
  baseUrl(name: Name): string | undefined {
    const url = this.url(name, ['https:', 'http:'])
    if (url === undefined) return undefined
    if (url.search !== '' || url.hash !== '') this.addProblem(name, 'has a query or a fragment; remove it')
    if (url.username !== '' || url.password !== '')
      this.addProblem(name, 'contains a user name or password; remove them')
    return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
  }

  /** A comma-separated list. An empty entry is a problem. */
  list(name: Name): string[] {
    const text = this.text(name)
    if (text === undefined) return []
    const entries = text.split(',').map((entry) => entry.trim())
    if (entries.includes('')) this.addProblem(name, 'has an empty entry; check its commas')
    return entries.filter((entry) => entry !== '')
  }
}
