import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vitest/config'
import LongFilesFirst from './test/support/vitest-sequencer.ts'

const TESTS = ['test/**/*.test.ts', 'bench/**/*.test.ts']
/** Tests that need `/proc`, a C compiler, `LD_PRELOAD`, `prlimit`, `ulimit` or more than one loopback address. */
const LINUX_TESTS = 'test/**/*.linux.test.ts'
/** Tests of a database file, and tests of a database server. All other tests of `test/integration` run on both databases. */
const SQLITE_TESTS = 'test/**/*.sqlite.test.ts'
const POSTGRES_TESTS = ['test/store/postgres/**/*.test.ts', 'test/**/*.postgres.test.ts']
/** `npm run test:faults` runs the short form of these tests, and `npm run chaos` the long form. */
const FAULTS = 'test/chaos/**/*.test.ts'
/** These take minutes: only `npm run chaos -- --store postgres` runs them. */
const POSTGRES_FAULTS = 'test/chaos/**/*.postgres.test.ts'
/** `npm run examples` runs these: they need the packed package, and packages from the npm registry. */
const EXAMPLES = 'test/examples/**/*.test.ts'
const ON_POSTGRES = {
  globalSetup: './test/support/postgres-server.ts',
  provide: { database: 'postgres' as const },
}

const PROJECTS = [
  { name: 'portable', include: TESTS, exclude: [LINUX_TESTS, FAULTS, EXAMPLES, ...POSTGRES_TESTS] },
  { name: 'faults', include: [FAULTS], exclude: [LINUX_TESTS, POSTGRES_FAULTS] },
  { name: 'linux', include: [LINUX_TESTS] },
  {
    name: 'examples',
    include: [EXAMPLES],
    globalSetup: './test/examples/installation.ts',
    // They start programs, compilers among them.
    testTimeout: 60_000,
  },
  {
    name: 'postgres',
    include: [...POSTGRES_TESTS, 'test/integration/**/*.test.ts'],
    exclude: [FAULTS, LINUX_TESTS, SQLITE_TESTS],
    ...ON_POSTGRES,
  },
  { name: 'postgres faults', include: [POSTGRES_FAULTS], ...ON_POSTGRES },
]

const SOURCES = fileURLToPath(new URL('src/', import.meta.url))
const BUILT = fileURLToPath(new URL('dist/', import.meta.url))

/**
 * With `--mode built`, tests import the built program in place of the sources, and Node loads it as it would for a user. That
 * takes a fifth of the time: otherwise Vite transforms each module, and sends it to each worker.
 */
const importBuilt: Plugin = {
  name: 'import-built',
  enforce: 'pre',
  apply: (_config, { mode }) => mode === 'built',
  async resolveId(source, importer, options) {
    if (!source.includes('/src/')) return null
    const resolved = await this.resolve(source, importer, { ...options, skipSelf: true })
    if (resolved === null || !resolved.id.startsWith(SOURCES)) return resolved
    return BUILT + resolved.id.slice(SOURCES.length).replace(/\.tsx?$/, '.js')
  },
}

export default defineConfig(({ mode }) => ({
  plugins: [importBuilt],
  test: {
    server: { deps: { external: [/\/dist\/.*\.js$/] } },
    // Modules keep no state that affects other tests, and no test mocks a module, so test files can share a process.
    isolate: false,
    // Tests spend more time waiting, for the disk and for timeouts, than computing.
    maxWorkers: availableParallelism() + 2,
    testTimeout: 20_000,
    // Other tests keep the machine busy. A poll ends as soon as its condition holds, so a long timeout costs nothing.
    expect: { poll: { timeout: 10_000 } },
    // The long form of some chaos tests leaves folders of many thousand files.
    hookTimeout: process.env['CHAOS'] === 'long' ? 300_000 : 30_000,
    reporters: ['default', 'json'],
    outputFile: { json: 'coverage/tests.json' },
    coverage: { provider: 'v8', include: ['src/**/*.{ts,tsx}'], reporter: ['text-summary', 'html'] },
    runner: './test/support/vitest-runner.ts',
    setupFiles: './test/support/expect-described-exchanges.ts',
    sequence: { sequencer: LongFilesFirst },
    provide: { database: 'sqlite' },
    projects: PROJECTS.map((test) => ({ extends: true as const, mode, test })),
  },
}))
