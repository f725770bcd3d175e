// A database with many runs to which pending ones are added for each measurement.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { addPending, makeCurrent } from '../servers/template.mjs'
import { takeSeeded } from './seeded-file.mjs'

/** Smaller ones are copied anew each time, so that they stay small. */
const LARGE = 100_000

/** `renew` adds `pendingCount` pending runs and resolves with the number of the first of them. */
export function createGrowingFile(bench, size, pendingCount) {
  const seeded = takeSeeded(bench, size)
  const folder = join(bench.folder, `growth-${size}`)
  const path = join(folder, 'tracker.db')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  copyFileSync(seeded, path)
  let next = 0
  return {
    seeded,
    folder,
    async renew() {
      if (size < LARGE) {
        copyFileSync(seeded, path)
        next = 0
      }
      const first = next
      next += pendingCount
      await addPending(path, pendingCount, first)
      makeCurrent(path)
      return first
    },
  }
}
