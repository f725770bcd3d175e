import { setInterval } from 'node:timers'
import { residentBytes } from './machine.mjs'

/** Looks at a process again and again: what it takes at its height is gone afterwards. */
export function watchMemory(pid, everyMs = 20) {
  const samples = [residentBytes(pid)]
  const timer = setInterval(() => samples.push(residentBytes(pid)), everyMs)
  return {
    stop() {
      clearInterval(timer)
      return { first: samples[0], highest: Math.max(...samples), samples }
    },
  }
}
