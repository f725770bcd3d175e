// What the bench reads from the system (versions, the disk's speed, CPU time, memory), and on which core its processes run.
import { execFileSync } from 'node:child_process'
import { closeSync, fdatasyncSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { setInterval } from 'node:timers'
import Database from 'better-sqlite3'
import { median, sum } from './figures.ts'

const SYNC_COUNT = 200

export function describeMachine(folder: string): string {
  const memoryGib = Math.round(totalmem() / 1024 ** 3)
  const disk = outputOf('df', ['--output=fstype', folder])?.split('\n')[1]?.trim()
  return [
    `${availableParallelism()} core(s) of ${cpus()[0]?.model.trim() ?? 'unknown'}, ${memoryGib} GiB of memory`,
    `${type()} ${release()}, the database on ${disk ?? 'an unknown file system'}`,
  ].join('; ')
}

export function describeVersions(): string {
  const sqlite = new Database(':memory:')
  const sqliteVersion = sqlite.prepare('SELECT sqlite_version()').pluck().get()
  sqlite.close()
  const packages = ['hono', '@hono/node-server', 'better-sqlite3', 'express', 'fastify', '@octokit/webhooks']
  return [
    `Node ${process.versions.node}`,
    `SQLite ${String(sqliteVersion)}`,
    ...packages.map((name) => `${name} ${versionOf(name)}`),
  ].join(', ')
}

/** The current commit, and whether src or bench differs from it. */
export function describeCommit(): string {
  const commit = outputOf('git', ['rev-parse', '--short', 'HEAD'])
  if (commit === undefined) return 'unknown'
  return outputOf('git', ['status', '--porcelain', '--', 'src', 'bench']) ? `${commit}, with changes` : commit
}

/** The median time to sync a file to which one page was appended, in microseconds. */
export function measureSyncMicros(folder: string): number {
  const path = join(folder, 'sync-probe')
  const page = Buffer.alloc(4096, 1)
  const file = openSync(path, 'w')
  try {
    return median(
      Array.from({ length: SYNC_COUNT }, () => {
        writeSync(file, page)
        const startedAt = performance.now()
        fdatasyncSync(file)
        return (performance.now() - startedAt) * 1000
      }),
    )
  } finally {
    closeSync(file)
    rmSync(path)
  }
}

/** Syncs a copied file, so that the system doesn't write it during a measurement. */
export function syncFile(path: string): void {
  const file = openSync(path, 'r+')
  fsyncSync(file)
  closeSync(file)
}

/** The times in /proc/PID/stat are in clock ticks. A second has 100 on the usual kernels; `getconf CLK_TCK` prints the number. */
const TICKS_PER_SECOND = 100

/** The CPU time of these processes, in seconds. Processes that have ended don't count. */
export function readCpuSeconds(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const text = outputOf('cat', [`/proc/${pid}/stat`]) ?? ''
    // The fields after the name, which may contain spaces. The first of them is field 3 (`state`); fields 14 and 15 are `utime` and
    // `stime`: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0)
  })
  return sum(ticks) / TICKS_PER_SECOND
}

/** The resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) * 1024
}

export type MemorySamples = { first: number; highest: number; samples: number[] }

/** Samples the memory of a process until `stop` is called, because the system only knows the peak since the process started. */
export function watchMemory(pid: number, everyMs = 20): { stop: () => MemorySamples } {
  const first = residentBytes(pid)
  const samples = [first]
  const timer = setInterval(() => samples.push(residentBytes(pid)), everyMs)
  return {
    stop() {
      clearInterval(timer)
      return { first, highest: Math.max(...samples), samples }
    },
  }
}

const CAN_PIN = availableParallelism() > 1 && isInstalled('taskset')

/** A core to run on; with `any`, the system chooses. */
export type Core = 0 | 1 | 'any'

/** The command, pinned to a core if there are two and `taskset` is installed: servers run on core 0, the load generator on core 1. */
export function onCore(core: Core, command: string[]): string[] {
  return CAN_PIN && core !== 'any' ? ['taskset', '-c', String(core), ...command] : command
}

/** Pins running processes to a core. Processes that they start later inherit it. */
export function moveToCore(core: Core, pids: readonly number[]): void {
  const cores = core === 'any' ? `0-${availableParallelism() - 1}` : String(core)
  if (CAN_PIN) for (const pid of pids) outputOf('taskset', ['-cp', cores, String(pid)])
}

export function describePinning(): string {
  return CAN_PIN ? 'the server on core 0, the load generator on core 1' : 'no process pinned to a core'
}

export function isInstalled(program: string): boolean {
  return outputOf('which', [program]) !== undefined
}

function versionOf(name: string): string {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, 'utf8'))
  return version
}

function outputOf(program: string, args: string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}
