import { readFileSync } from 'node:fs'
import { onTestFinished } from 'vitest'

/** The resident memory of a process, in MiB: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
function residentMib(pid: number | undefined): number {
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) / 1024
}

/** Samples the memory of a process until the test ends, because the system records only the peak since the start of the process. */
export function watchMemory(pid: number | undefined): { firstMib: number; highestMib(): number } {
  const firstMib = residentMib(pid)
  let highest = firstMib
  const sample = () => {
    highest = Math.max(highest, residentMib(pid))
  }
  const timer = setInterval(sample, 10)
  onTestFinished(() => clearInterval(timer))
  return {
    firstMib,
    highestMib() {
      sample()
      return highest
    },
  }
}
