// Writes the files of a release to release/: the tarball for npm, the bill of materials (CycloneDX), and their checksums. The same sources,
// versions of Node and npm, and SOURCE_DATE_EPOCH (by default the time of the last commit) give the same bytes. `--check` proves that on
// two copies of the project, runs the packed demo, and writes nothing.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createSbom } from './release/sbom.mjs'

process.umask(0o022)
const SUMS = 'SHA256SUMS'
const sourceDateEpoch = Number(process.env.SOURCE_DATE_EPOCH ?? run('git', ['log', '-1', '--format=%ct']))
if (!Number.isInteger(sourceDateEpoch)) throw new Error('SOURCE_DATE_EPOCH must be a number of seconds')

const folder = mkdtempSync(join(tmpdir(), 'package-'))
try {
  if (process.argv.includes('--check')) check()
  else {
    const written = createRelease(copyProject('project'))
    rmSync('release', { recursive: true, force: true })
    cpSync(written, 'release', { recursive: true })
    process.stdout.write(readFileSync(join('release', SUMS)))
  }
} finally {
  rmSync(folder, { recursive: true })
}

function check() {
  const [first, second] = [copyProject('one'), copyProject('another-one')]
  // As after a clone by another user, on another day.
  for (const path of listCopied(second)) {
    chmodSync(path, isExecutable(path) ? 0o700 : 0o600)
    utimesSync(path, 0, 0)
  }
  const [sums, others] = [first, second].map((copy) => readFileSync(join(createRelease(copy), SUMS), 'utf8'))
  if (sums !== others) throw new Error(`two copies of the project gave different files:\n${sums}${others}`)
  runDemo(join(first, 'release'))
  process.stdout.write(`package: two copies gave the same files, and the packed demo exits with 0\n${sums}`)
}

/** Runs the packed program, as npx would, with its dependencies and no other packages. */
function runDemo(release) {
  const { name, version, dependencies, optionalDependencies } = JSON.parse(
    readFileSync('package.json', 'utf8'),
  )
  const packages = join(folder, 'installed/node_modules')
  mkdirSync(join(packages, name), { recursive: true })
  const tarball = join(release, `${name}-${version}.tgz`)
  run('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(packages, name)])
  for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) {
    mkdirSync(dirname(join(packages, dependency)), { recursive: true })
    symlinkSync(realpathSync(join('node_modules', dependency)), join(packages, dependency))
  }
  run(process.execPath, [join(packages, name, 'dist/main.js'), 'demo', '--', '--exit'], dirname(packages))
}

/** Copies what a clone contains, so that no file of an earlier build is packed. */
function copyProject(name) {
  const copy = join(folder, name)
  const files = run('git', ['ls-files', '--cached', '--others', '--exclude-standard']).trim().split('\n')
  for (const file of files) cpSync(file, join(copy, file))
  symlinkSync(realpathSync('node_modules'), join(copy, 'node_modules'))
  return copy
}

function listCopied(copy) {
  return readdirSync(copy, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
}

function isExecutable(path) {
  return (statSync(path).mode & 0o100) !== 0
}

/** Returns the folder with the files. */
function createRelease(copy) {
  const target = join(copy, 'release')
  mkdirSync(target)
  // npm packs the modes of the files, which depend on the umask of the clone.
  for (const path of listCopied(copy)) chmodSync(path, isExecutable(path) ? 0o755 : 0o644)
  run('npm', ['pack', '--pack-destination', target], copy)
  writeFileSync(
    join(target, 'sbom.cdx.json'),
    `${JSON.stringify(createSbom(copy, sourceDateEpoch), null, 2)}\n`,
  )
  const names = readdirSync(target).toSorted()
  const sumOf = (name) =>
    createHash('sha256')
      .update(readFileSync(join(target, name)))
      .digest('hex')
  writeFileSync(join(target, SUMS), names.map((name) => `${sumOf(name)}  ${name}\n`).join(''))
  return target
}

function run(program, args, cwd = '.') {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
