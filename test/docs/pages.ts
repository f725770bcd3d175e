import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The paths of all Markdown files in the project's own folders, relative to its folder. */
export const PAGES: readonly string[] = [
  ...readdirSync(ROOT),
  ...['docs', 'examples', 'deploy', '.github'].flatMap((folder) =>
    existsSync(ROOT + folder)
      ? readdirSync(ROOT + folder, { recursive: true }).map((name) => `${folder}/${String(name)}`)
      : [],
  ),
].filter((path) => path.endsWith('.md') && !path.includes('node_modules'))

export const textOf = (page: string) => readFileSync(ROOT + page, 'utf8')

/** A fenced block. `info` is the text after the backticks, such as `bash`; `fileName` is in a comment in the first line. */
export type Block = { info: string; code: string; fileName: string | undefined }

export function blocksOf(page: string): Block[] {
  return [...textOf(page).matchAll(/^```(.*)\n([^]*?)^```$/gm)].map(([, info = '', code = '']) => ({
    info: info.trim(),
    code,
    fileName: /^(?:\/\/|#) ([\w.-]+\.\w+)\b/.exec(code)?.[1],
  }))
}
