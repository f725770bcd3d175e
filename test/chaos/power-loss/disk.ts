import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from '../../support/tracker.ts'

const SOURCE = fileURLToPath(new URL('synced-only.c', import.meta.url))

/** A directory on a disk that keeps only what was synced. */
export type Disk = {
  /** The directory to which a program with `env` writes. */
  directory: string
  env: { [name: string]: string }
  /** Stops the program at its next sync, before anything reaches the disk. The program then prints `cutMessage` and waits to be killed. */
  cutAtNextSync(): void
  cutMessage: RegExp
  /** Removes from the directory everything that was not synced. Call it after the program has ended and before it starts again. */
  losePower(): void
  /** The number of syncs of SQLite's write-ahead log and of its database file, from the first start on. */
  countSyncs(): { log: number; database: number }
}

export function createDisk(): Disk {
  const root = realpathSync(temporaryDirectory())
  const library = compile(join(root, 'synced-only.so'))
  const directory = join(root, 'live')
  // `synced-only.c` explains the files and directories in it.
  const kept = join(root, 'kept')
  for (const path of [directory, join(kept, 'disk'), join(kept, 'unnamed')])
    mkdirSync(path, { recursive: true })
  return {
    directory,
    env: { LD_PRELOAD: library, POWER_LOSS_FROM: directory, POWER_LOSS_TO: kept },
    cutMessage: /the power is cut/,
    cutAtNextSync: () => writeFileSync(join(kept, 'cut'), ''),
    losePower() {
      for (const lost of [directory, join(kept, 'unnamed')]) rmSync(lost, { recursive: true })
      cpSync(join(kept, 'disk'), directory, { recursive: true })
      mkdirSync(join(kept, 'unnamed'))
      rmSync(join(kept, 'cut'), { force: true })
    },
    countSyncs() {
      const synced = readFileSync(join(kept, 'syncs'), 'utf8').split('\n')
      const count = (suffix: string) => synced.filter((name) => name.endsWith(suffix)).length
      return { log: count('.db-wal'), database: count('.db') }
    },
  }
}

function compile(library: string): string {
  if (process.platform !== 'linux')
    throw new Error('This test simulates a power loss with LD_PRELOAD and /proc, so it runs only on Linux.')
  const options = ['-shared', '-fPIC', '-O2', '-o', library, SOURCE]
  const { error, status, stderr } = spawnSync('cc', options, { encoding: 'utf8' })
  if (error)
    throw new Error('This test needs a C compiler, and `cc` cannot be run: install one.', { cause: error })
  if (status !== 0) throw new Error(`cc failed on ${SOURCE}:\n${stderr}`)
  return library
}
