// The raw figures of each part, in a folder that git ignores.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../results/', import.meta.url))

export function keepResults(part, result) {
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(`${FOLDER}${part}.json`, `${JSON.stringify(result, null, 2)}\n`)
}

/** Of the parts that were ever measured here, in their order. */
export function loadResults(parts) {
  return parts
    .map((part) => `${FOLDER}${part}.json`)
    .filter((path) => existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, 'utf8')))
}
