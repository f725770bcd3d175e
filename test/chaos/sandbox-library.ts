import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { IMAGEKIT_KEY } from '../support/tracker.ts'

export type LibraryFile = { name: string; fileId: string; size: number }

/** The files that the sandbox stores, by name. They are read without a network, because the network of these tests is faulty. */
export async function libraryOf(sandbox: Sandbox): Promise<Map<string, LibraryFile[]>> {
  const files = new Map<string, LibraryFile[]>()
  const authorization = `Basic ${Buffer.from(`${IMAGEKIT_KEY}:`).toString('base64')}`
  for (let skip = 0; ; skip += 1000) {
    const response = await sandbox.app.request(`/v1/files?limit=1000&skip=${skip}`, {
      headers: { authorization },
    })
    const page = (await response.json()) as LibraryFile[]
    for (const file of page) files.set(file.name, [...(files.get(file.name) ?? []), file])
    if (page.length < 1000) return files
  }
}
