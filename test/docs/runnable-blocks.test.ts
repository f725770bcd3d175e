import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { temporaryDirectory } from '../support/tracker.ts'
import { type Block, blocksOf, PAGES, ROOT, textOf } from './pages.ts'

// How blocks are marked is in docs/README.md. The examples have tests of their own.
const SERVER = 'bash keeps-running'
/** Commands to adapt, and transcripts. */
const NOT_RUN = ['sh', 'console']
const isRunnable = ({ info }: Block) => info === 'bash' || info === SERVER
const RUNNABLE_PAGES = PAGES.filter(
  (page) => !page.startsWith('examples/') && blocksOf(page).some(isRunnable),
)
const counts = new Map<string, number>()

test.each(RUNNABLE_PAGES)(
  'every bash block of %s runs without an error',
  { timeout: 240_000 },
  async (page) => {
    const folder = createUserFolder()
    const blocks = blocksOf(page)
    const startsServer = blocks.some(({ info }) => info === SERVER)
    let addresses = startsServer ? undefined : await startServer(folder, 'extension-tracker dev')
    let count = 0
    for (const { info, code, fileName } of blocks) {
      const text = withAddresses(code, addresses)
      if (fileName !== undefined) writeFileSync(join(folder, fileName), text)
      if (info === 'bash') await runBlock(folder, text)
      if (info === SERVER) addresses = (await startServer(folder, text)) ?? addresses
      if (isRunnable({ info, code, fileName })) count += 1
    }
    counts.set(page, count)
  },
)

test('each shell block is marked as runnable (bash) or not (sh, console), and all that are marked as runnable have run', () => {
  const fences = PAGES.flatMap((page) =>
    [...textOf(page).matchAll(/^[ >]*(?:```|~~~)+(?=(?:ba|z)?sh\b|shell|console)(.*)/gm)].map(
      ([, info = '']) => ({
        page,
        info: info.trim(),
      }),
    ),
  ).filter(({ page }) => !page.startsWith('examples/'))
  expect(fences.filter(({ info }) => ![...NOT_RUN, 'bash', SERVER].includes(info))).toEqual([])
  const runnable = fences.filter(({ info }) => !NOT_RUN.includes(info))
  const ran = [...counts].map(([page, count]) => `${page}: ${count}`)
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  console.log(
    `Runnable blocks: ${runnable.length}, of which ${total} ran without an error.\n${ran.join('\n')}`,
  )
  expect(total).toBe(runnable.length)
})

/** A folder of a user who has installed this package and those that the documents name, and has an image. */
function createUserFolder(): string {
  const folder = temporaryDirectory()
  writeFileSync(join(folder, 'package.json'), '{}')
  copyFileSync(`${ROOT}docs/images/landscape.jpg`, join(folder, 'photo.jpg'))
  const modules = join(folder, 'node_modules')
  for (const name of ['@imagekit/nodejs', 'imagekit', 'standardwebhooks', 'express', 'fastify']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(`${ROOT}node_modules/${name}`, join(modules, name))
  }
  symlinkSync(ROOT, join(modules, 'imagekit-extension-tracker'))
  mkdirSync(join(modules, '.bin'))
  const command = join(modules, '.bin/extension-tracker')
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${ROOT}dist/main.js' "$@"\n`)
  chmodSync(command, 0o755)
  return folder
}

function startBash(folder: string, code: string) {
  const { PATH = '' } = process.env
  const bin = `${join(folder, 'node_modules/.bin')}:${dirname(process.execPath)}`
  const child = spawn('bash', ['-euo', 'pipefail', '-c', code], {
    cwd: folder,
    // A service takes any free port.
    env: { PATH: `${bin}:${PATH}`, HOME: folder, TMPDIR: folder, PORT: '0' },
    // A process group, so that a program that bash started is stopped with it.
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  return { child, exited: once(child, 'close'), output: () => output }
}

async function runBlock(folder: string, code: string): Promise<void> {
  const { child, exited, output } = startBash(folder, code)
  await exited
  expect(child.exitCode, `${code}\n${output()}`).toBe(0)
}

type Addresses = { tracker: string; imagekit: string }

/** Resolves once the server is ready, with its addresses if it prints them. It is stopped when the test ends. */
async function startServer(folder: string, code: string): Promise<Addresses | undefined> {
  const { child, exited, output } = startBash(folder, code)
  onTestFinished(async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
    await exited
  })
  await vi.waitFor(
    () => {
      if (child.exitCode !== null) throw new Error(`exited with ${child.exitCode}:\n${output()}`)
      expect(output()).toMatch(/ serve$/m.test(code) ? /listening/ : /press Ctrl-C/i)
    },
    { timeout: 60_000, interval: 50 },
  )
  const tracker = /(?:^service +|TRACKER_URL=)(http\S+)/m.exec(output())?.[1]
  const imagekit = /(?:^sandbox +|IMAGEKIT_API_URL=)(http\S+)/m.exec(output())?.[1]
  return tracker && imagekit ? { tracker, imagekit } : undefined
}

/** The documents name the addresses that a user would have. */
function withAddresses(code: string, addresses: Addresses | undefined): string {
  if (addresses === undefined) return code
  return code
    .replaceAll('http://127.0.0.1:3000', addresses.tracker)
    .replaceAll('http://127.0.0.1:3001', addresses.imagekit)
}
