// `npm run package-check`: packs the package, checks its exports and types with publint and Are The Types Wrong, installs the tarball
// in an empty folder, and compiles and runs a program of a user there. Needs the npm registry, or its packages in npm's cache.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

const project = fileURLToPath(new URL('..', import.meta.url))
const binary = (name) => join(project, 'node_modules/.bin', name)
const folder = mkdtempSync(join(tmpdir(), 'package-check-'))
const consumer = join(folder, 'consumer')

/** Runs a program, which writes to this terminal. Throws if it fails. */
function run(program, args, cwd) {
  console.log(`> ${[program.replace(/^.*\//, ''), ...args].join(' ')}`)
  const { status, error } = spawnSync(program, args, { cwd, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) throw new Error(`${program} failed`)
}

/** The strictest settings that a user may have. The compiler resolves the package as Node does, or as a bundler does. */
const compilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  skipLibCheck: false,
  target: 'ES2022',
  types: ['node'],
}
const RESOLUTIONS = {
  node16: { module: 'Node16' },
  nodenext: { module: 'NodeNext' },
  bundler: { module: 'ESNext', moduleResolution: 'Bundler' },
}

try {
  run('npm', ['pack', '--loglevel=error', '--pack-destination', folder], project)
  const [name] = readdirSync(folder)
  const tarball = join(folder, name)

  const content = readFileSync(tarball)
  const { messages, pkg } = await publint({
    pack: { tarball: content.buffer.slice(content.byteOffset, content.byteOffset + content.byteLength) },
    strict: true,
  })
  for (const message of messages) console.error(`publint: ${formatMessage(message, pkg)}`)
  if (messages.length > 0) throw new Error('publint found problems')
  run(binary('attw'), [tarball, '--profile', 'esm-only'], project)

  cpSync(join(project, 'scripts/package-check'), consumer, { recursive: true })
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  // The install scripts would compile better-sqlite3, which takes minutes, so its build is copied.
  run(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', tarball],
    consumer,
  )
  const build = 'node_modules/better-sqlite3/build'
  cpSync(join(project, build), join(consumer, build), { recursive: true })
  for (const types of ['@types/node', 'undici-types'])
    cpSync(join(project, 'node_modules', types), join(consumer, 'node_modules', types), { recursive: true })

  for (const [resolution, options] of Object.entries(RESOLUTIONS)) {
    const config = `tsconfig.${resolution}.json`
    const files = ['consumer.ts']
    writeFileSync(
      join(consumer, config),
      JSON.stringify({ files, compilerOptions: { ...compilerOptions, ...options } }),
    )
    run(binary('tsc'), ['-p', config], consumer)
  }
  run(process.execPath, ['consumer.js'], consumer)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
