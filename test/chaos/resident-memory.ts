import { readFileSync } from 'node:fs'
import { onTestFinished } from 'vitest'

/** The memory of a process that is in use at the moment, in MiB: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
function residentMib(pid: number | undefined): number {
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) / 1024
}

/** Looks at a process again and again until the test ends: what it took at its height is gone afterwards. */
export function watchMemory(pid: number | undefined): { firstMib: number; highestMib(): number } {
  const firstMib = residentMib(pid)
  let highest = firstMib
  const look = () => {
    highest = Math.max(highest, residentMib(pid))
  }
  const timer = setInterval(look, 10)
  onTestFinished(() => clearInterval(timer))
  return {
    firstMib,
    highestMib() {
      look()
      return highest
    },
  }
}
