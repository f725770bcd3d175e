// The raw figures of each part, in a folder that git ignores.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const RESULTS = fileURLToPath(new URL('../results/', import.meta.url))

export function keepResults(part, result) {
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(`${RESULTS}${part}.json`, `${JSON.stringify(result, null, 2)}\n`)
}

/** Of the parts that were ever measured here, in their order. */
export function loadResults(parts) {
  return parts
    .map((part) => `${RESULTS}${part}.json`)
    .filter((path) => existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, 'utf8')))
}
