import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from './tracker.ts'

const PROJECT = fileURLToPath(new URL('../../', import.meta.url))

/** Installs the built program with all packages except `missing`, which may be a scope such as `@types`. Returns the path of its `main.js`. */
export function installWithout(missing: readonly string[]): string {
  const folder = temporaryDirectory()
  for (const name of ['dist', 'drizzle', 'package.json'])
    cpSync(join(PROJECT, name), join(folder, name), { recursive: true })
  const packages = join(PROJECT, 'node_modules')
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(packages).filter((each) => !each.startsWith('.') && !missing.includes(each)))
    symlinkSync(join(packages, name), join(folder, 'node_modules', name), 'junction')
  return join(folder, 'dist/main.js')
}
