import { readFileSync } from 'node:fs'

/** The version in package.json, which lies beside both `src` and `dist`. */
export function readPackageVersion(): string {
  const facts: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  if (typeof facts === 'object' && facts !== null && 'version' in facts && typeof facts.version === 'string')
    return facts.version
  throw new Error('package.json has no version')
}
