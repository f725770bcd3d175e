// The machine in words, and what a figure of it depends on.
import { execFileSync } from 'node:child_process'
import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { median } from './figures.mjs'

const SYNCS = 200

export function describeMachine(folder) {
  const [{ model } = { model: 'unknown' }] = cpus()
  const memoryGib = Math.round(totalmem() / 1024 ** 3)
  const disk = said('df', ['--output=fstype', folder])?.split('\n')[1]?.trim()
  return [
    `${availableParallelism()} core(s) of ${model.trim()}, ${memoryGib} GiB of memory`,
    `${type()} ${release()}, the database on ${disk ?? 'an unknown file system'}`,
  ].join('; ')
}

export function describeVersions() {
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

/** What is checked out, and whether something in it was changed since. */
export function describeCommit() {
  const commit = said('git', ['rev-parse', '--short', 'HEAD'])
  if (commit === undefined) return 'unknown'
  return said('git', ['status', '--porcelain', '--', 'src', 'bench']) ? `${commit}, with changes` : commit
}

/** How long one append of a page and its sync take, in microseconds: the median of many. */
export function measureSyncMicros(folder) {
  const path = join(folder, 'sync-probe')
  const page = Buffer.alloc(4096, 1)
  const file = openSync(path, 'w')
  try {
    return median(
      Array.from({ length: SYNCS }, () => {
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

/** The memory of a process that is in use at the moment, in bytes. */
export function residentBytes(pid) {
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) * 1024
}

const PINS = availableParallelism() > 1 && has('taskset')

/** The same command on one core of its own, where there are two: the server has core 0, the generator core 1. */
export function onCore(core, command) {
  return PINS ? ['taskset', '-c', String(core), ...command] : command
}

export function describePinning() {
  return PINS ? 'the server on core 0, the load generator on core 1' : 'nothing pinned to a core'
}

export function has(program) {
  return said('which', [program]) !== undefined
}

function versionOf(name) {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  return JSON.parse(readFileSync(manifest, 'utf8')).version
}

function said(program, args) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}
