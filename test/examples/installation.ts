import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    examples: Installation
  }
}

/** The examples in a folder outside of the project, with their dependencies and the packed package, and a running tracker. */
export type Installation = {
  /** Contains `NAME` for each example, and `node_modules` above them. */
  directory: string
  /** The variables that the examples read. */
  env: { [name: string]: string }
  sandboxUrl: string
}

type Versions = { [name: string]: string }
type Manifest = { version: string; dependencies?: Versions; devDependencies?: Versions }

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const EXAMPLES = join(ROOT, 'examples')
const PACKAGE = 'imagekit-extension-tracker'

/** OpenAPI Generator. Later versions of this package only download the generator. */
const GENERATOR = { '@openapitools/openapi-generator-cli': '1.0.18-5.0.0-beta2' }

const run = promisify(execFile)

/** Installs the examples as a user would, and starts the tracker and its local ImageKit with the installed program. */
export default async function installExamples(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'tracker-examples-'))
  const remove = () => rm(directory, { recursive: true, force: true })
  try {
    await install(directory)
    const tracker = await startTracker(directory)
    project.provide('examples', tracker.installation)
    return async () => {
      await tracker.stop()
      await remove()
    }
  } catch (error) {
    await remove()
    throw error
  }
}

async function install(directory: string): Promise<void> {
  // `npm run examples` has built the package already.
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', directory]
  const [packed] = JSON.parse((await run('npm', pack, { cwd: ROOT })).stdout) as { filename: string }[]
  if (packed === undefined) throw new Error('npm pack has packed nothing.')
  const dependencies = { ...readDependencies(), ...GENERATOR, [PACKAGE]: `file:${packed.filename}` }
  writeFileSync(
    join(directory, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies }),
  )
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=5'], {
    cwd: directory,
  })
  // Compiling better-sqlite3 would take minutes where no prebuilt binary can be downloaded. This project's is the same version.
  const binary = 'node_modules/better-sqlite3/build'
  cpSync(join(ROOT, binary), join(directory, binary), { recursive: true })
  cpSync(EXAMPLES, directory, { recursive: true, filter: (path) => !LEFTOVER.test(path) })
}

/** What a developer's own run of an example leaves in its folder. */
const LEFTOVER = /\/(node_modules|package-lock\.json|\.next|\.env|data)$/

/** The dependencies of all examples. Each must be an exact version, and the same in all of them. */
function readDependencies(): Versions {
  const { version } = readManifest(ROOT)
  const versions: Versions = { [PACKAGE]: version }
  for (const example of readdirSync(EXAMPLES)) {
    const path = join(EXAMPLES, example)
    if (!existsSync(join(path, 'package.json'))) continue
    const { dependencies, devDependencies } = readManifest(path)
    for (const [name, wanted] of Object.entries({ ...dependencies, ...devDependencies })) {
      const other = (versions[name] ??= wanted)
      if (!/^\d+\.\d+\.\d+$/.test(wanted)) throw new Error(`${example}: ${name} has no exact version.`)
      if (other !== wanted) throw new Error(`${example}: ${name} is ${wanted} here and ${other} elsewhere.`)
    }
  }
  return versions
}

function readManifest(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest
}

type StartedTracker = { installation: Installation; stop(): Promise<void> }

async function startTracker(directory: string): Promise<StartedTracker> {
  const apiKey = randomBytes(24).toString('base64url')
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  const program = join(directory, 'node_modules/.bin/extension-tracker')
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(program, ['dev'], {
    cwd: directory,
    env: {
      PATH,
      HOME,
      PORT: '0',
      LOG_LEVEL: 'warn',
      TRACKER_API_KEY: `app:${apiKey}`,
      TRACKER_ADMIN_KEY: `operator:${randomBytes(24).toString('base64url')}`,
      TRACKER_WEBHOOK_SECRET: secret,
      // The receiver of notifications is on this machine.
      ALLOW_PRIVATE_TARGETS: 'true',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    output += String(chunk)
    if (output.includes('Press Ctrl-C')) break
  }
  child.stdout.resume()
  const urlOf = (name: string) => {
    const [, url] = new RegExp(`^${name} +(http\\S+)$`, 'm').exec(output) ?? []
    if (url === undefined) throw new Error(`The installed program did not start:\n${output}`)
    return url
  }
  const env = { TRACKER_URL: urlOf('service'), TRACKER_API_KEY: apiKey, TRACKER_WEBHOOK_SECRET: secret }
  return {
    installation: { directory, env, sandboxUrl: urlOf('sandbox') },
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'close')
    },
  }
}
