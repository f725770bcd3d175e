import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCE = fileURLToPath(new URL('failing-disk.c', import.meta.url))

type DiskFault = 'full' | 'read-only' | 'sync'

export type FailingDisk = {
  /** The environment variables for the process that uses the disk. */
  env: { [name: string]: string }
  /**
   * From now on, every write to the database's files fails (`full`, `read-only`), or every sync of them (`sync`). With `once`, only
   * the next such call fails.
   */
  fail(fault: DiskFault | `${DiskFault} once`): void
  /** Removes the fault. */
  repair(): void
  /** Whether a `once` fault has not occurred yet. */
  isDue(): boolean
}

/** A disk under the database at `path` that can be made to fail. Needs a C compiler, and Linux. */
export function makeFailingDisk(directory: string, path: string): FailingDisk {
  const [shim, control] = [join(directory, 'failing-disk.so'), join(directory, 'failing-disk')]
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', shim, SOURCE, '-ldl'])
  return {
    env: { LD_PRELOAD: shim, FAILING_DISK: control, FAILING_DATABASE: path },
    fail: (fault) => writeFileSync(control, fault),
    repair: () => rmSync(control, { force: true }),
    isDue: () => existsSync(control),
  }
}
