import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { createRoot, startContainer } from './container.mjs'
import { imageSettings } from './dockerfile.mjs'

/**
 * Executes the stages of a Dockerfile in `folder`, and returns the root folder of each. `npm ci` is replaced by a copy of the same packages
 * from node_modules, because it would download packages and compile better-sqlite3; `apt-get` is left out. `report` gets a line about
 * each of these.
 */
export async function buildImages({ stages, paths, folder, report }) {
  const roots = new Map()
  for (const [name, { from, instructions }] of stages) {
    const root = join(folder, name)
    if (roots.has(from)) link([roots.get(from)], root)
    else createRoot(root)
    roots.set(name, root)
    const workdir = roots.has(from) ? imageSettings(stages, from).workdir : '/'
    const stage = { root, workdir, mounts: [] }
    for (const { name: instruction, text } of instructions) {
      if (instruction === 'WORKDIR') {
        stage.workdir = text
        mkdirSync(join(root, text), { recursive: true })
      }
      if (instruction === 'COPY') copy(text, { stage, roots, paths })
      if (instruction === 'RUN') await run(text, { stage, name, report })
    }
  }
  return roots
}

function copy(text, { stage, roots, paths }) {
  const words = text.split(' ')
  const from = words[0].startsWith('--from=') ? words.shift().slice('--from='.length) : undefined
  const target = words.pop()
  const destination = join(stage.root, target.startsWith('/') ? '' : stage.workdir, target)
  for (const source of words) {
    if (from === undefined && !paths.includes(source.split('/')[0]))
      throw new Error(`Dockerfile: COPY ${source}: .dockerignore excludes it`)
    const path = from === undefined ? source : join(roots.get(from), source)
    if (from !== undefined) {
      link([path], destination)
      continue
    }
    const isInto = !statSync(path).isDirectory() && (target.endsWith('/') || existsSync(destination))
    cpSync(path, isInto ? join(destination, basename(source)) : destination, { recursive: true })
  }
}

async function run(text, { stage, name, report }) {
  if (text.startsWith('apt-get ')) return report(`${name}: left out: RUN ${text}`)
  if (text.startsWith('npm ci')) {
    report(`${name}: replaced by a copy from node_modules: RUN ${text}`)
    return installPackages(text.split(' ').slice(2), stage)
  }
  const { root, workdir, mounts } = stage
  const container = startContainer({ root, workdir, mounts, isWritable: true, command: ['sh', '-c', text] })
  const code = await container.exited
  if (code !== 0) throw new Error(`${name}: RUN ${text}: exit code ${code}\n${container.output()}`)
}

function installPackages(options, stage) {
  const target = join(stage.workdir, 'node_modules')
  const omitted = options
    .filter((option) => option.startsWith('--omit='))
    .map((option) => option.slice('--omit='.length))
  if (omitted.length === 0) {
    mkdirSync(join(stage.root, target))
    stage.mounts.push({ source: join(process.cwd(), 'node_modules'), target, mode: 'ro' })
    return
  }
  const workdir = join(stage.root, stage.workdir)
  rmSync(join(stage.root, target), { recursive: true, force: true })
  const { installed, others } = listPackages(omitted)
  link(['--parents', ...installed], workdir)
  // A package's folder was copied with the packages inside it.
  for (const path of others) rmSync(join(workdir, path), { recursive: true, force: true })
}

/**
 * Copies files, on the same file system as hard links, which takes little time. Nothing changes such a file: the stages only add and
 * remove files.
 */
export function link(sources, destination) {
  const isSameDevice = statSync('node_modules').dev === statSync(dirname(destination)).dev
  const options = isSameDevice ? ['--archive', '--link'] : ['--archive']
  execFileSync('cp', [...options, ...sources, destination], { stdio: 'pipe' })
}

/** The packages in the lockfile that npm would install here, and the others. Packages for other systems are not in node_modules. */
function listPackages(omitted) {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  const flags = omitted.length > 1 ? [...omitted, 'devOptional'] : omitted
  const isInstalled = ([, entry]) => !flags.some((flag) => entry[flag] === true)
  const entries = Object.entries(packages).filter(([path]) => path !== '' && existsSync(path))
  return {
    installed: entries.filter(isInstalled).map(([path]) => path),
    others: entries.filter((entry) => !isInstalled(entry)).map(([path]) => path),
  }
}
