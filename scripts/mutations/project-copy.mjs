import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createCompiler } from './compiler.mjs'

const EXCLUDED = new Set(['.git', 'coverage', 'data', 'dist', 'node_modules'])

/** The tests run the built program, which `apply` updates. The long timeout keeps them from failing on a busy machine. */
const OPTIONS = ['--mode', 'built', '--testTimeout', '60000']
const PROJECTS = ['portable', 'faults', 'linux'].flatMap((name) => ['--project', name])

/** A copy of the project in which mutations are applied. */
export function copyProject(root) {
  const directory = mkdtempSync(join(tmpdir(), 'mutations-'))
  cpSync(root, directory, { recursive: true, filter: (from) => !EXCLUDED.has(relative(root, from)) })
  symlinkSync(realpathSync(join(root, 'node_modules')), join(directory, 'node_modules'))
  const built = spawnSync('npm', ['run', '--silent', 'build'], { cwd: directory, stdio: 'inherit' })
  if (built.status !== 0) throw new Error('the copy could not be built')
  const compiler = createCompiler(directory)
  let stopTests = () => {}

  const run = (args, limitMs) => {
    const { outcome, stop } = startTests(directory, args, limitMs)
    stopTests = stop
    return outcome.finally(() => {
      stopTests = () => {}
    })
  }

  return {
    /** Applies the fault, and builds its file. Returns the compiler's problems and a function that undoes the fault. */
    apply({ file, place }) {
      const path = join(directory, file)
      const original = readFileSync(path, 'utf8')
      writeFileSync(path, applyPlace(original, place))
      const problems = compiler.listProblems(file)
      compiler.build(file)
      return {
        problems,
        restore() {
          writeFileSync(path, original)
          compiler.build(file)
        },
      }
    },

    /**
     * Runs test files, and stops at the first failure. If two files fail at the same moment, vitest may stop before it has
     * reported either failure, which looks like `broken`; so in that case all files run again to the end. Resolves with the
     * `kind` of the result (`passed`, `detected`, `broken`, or `hung` if they did not end within `limitMs`), the output, and for
     * `detected` the title of the failed test.
     */
    async runTests(tests, limitMs) {
      const first = await run(['--bail', '1', ...tests], limitMs)
      return first.kind === 'broken' ? run(tests, limitMs) : first
    },

    /** Stops tests that are still running, and deletes the copy. */
    remove() {
      stopTests()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export function applyPlace(text, { from, to, text: replacement }) {
  return text.slice(0, from) + replacement + text.slice(to)
}

/** Starts vitest in the copy. `outcome` resolves when it has ended. `stop` ends it, with every process of its process group. */
function startTests(directory, args, limitMs) {
  const report = join(directory, 'coverage/tests.json')
  rmSync(report, { force: true })
  // With `CHAOS`, the chaos tests would run in their long form. With `CHAOS_FIGURES`, they would write their figures to a file.
  const { CHAOS: _, CHAOS_FIGURES: __, ...env } = process.env
  const vitest = join(directory, 'node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', ...OPTIONS, ...PROJECTS, ...args], {
    cwd: directory,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk
    })
  let isTimedOut = false
  const stop = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL')
  const timer = setTimeout(() => {
    isTimedOut = true
    stop()
  }, limitMs)
  const outcome = once(child, 'close').then(() => {
    clearTimeout(timer)
    if (isTimedOut) return { kind: 'hung', output }
    return child.exitCode === 0 ? { kind: 'passed', output } : { ...readFailure(report), output }
  })
  return { outcome, stop }
}

/**
 * `detected`: a test ran and failed. `broken`: something else failed, such as an import, or every failed test had a ReferenceError or
 * a SyntaxError, which means that the code of the fault itself is wrong.
 */
function readFailure(report) {
  if (!existsSync(report)) return { kind: 'broken' }
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
  const failure = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status, failureMessages }) => {
      return (
        status === 'failed' && !failureMessages.some((message) => /^(Reference|Syntax)Error/.test(message))
      )
    })
  return failure === undefined ? { kind: 'broken' } : { kind: 'detected', title: failure.fullName.trim() }
}
