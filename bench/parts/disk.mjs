// What a settled run takes of the disk, while the body of its delivery is kept and once it is pruned, and which table takes it.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { openSqliteStore } from '../../dist/store/sqlite/open-sqlite-store.js'
import { whole } from '../figures.mjs'
import { ask, inParallel } from '../load/ask.mjs'
import { bodyOf, deliveryPath } from '../load/deliveries.mjs'
import { launchTracker, withServer } from '../servers/launch.mjs'
import { addPending } from '../servers/template.mjs'

/** What takes less than this of a run is not told one by one. */
const LEAST_BYTES = 5

export async function measure(bench) {
  const count = bench.isQuick ? 2_000 : 50_000
  const own = mkdtempSync(join(bench.folder, 'disk-'))
  const path = join(own, 'tracker.db')
  try {
    await addPending(path, count)
    const refused = await settleAll(own, count)
    const kept = sizesOf(path)
    await pruneAll(path)
    const pruned = sizesOf(path)
    const each = (bytes) => whole(bytes / count)
    const names = Object.keys(kept.byName).toSorted((one, other) => kept.byName[other] - kept.byName[one])
    const told = names.filter((name) => kept.byName[name] / count >= LEAST_BYTES)
    return {
      title: 'Disk',
      tables: [
        {
          title: `Bytes a settled run takes, of ${whole(count)}, each with one delivery of 1,200 bytes`,
          columns: ['table or index', 'body kept', 'body pruned'],
          rows: [
            ['**all in use**', each(kept.used), each(pruned.used)],
            ...told.map((name) => [`\`${name}\``, each(kept.byName[name]), each(pruned.byName[name] ?? 0)]),
          ],
          note: `The file has ${each(kept.file)} bytes for each, and keeps them when bodies are pruned, for what comes next.`,
        },
      ],
      goals: { 'disk-kept': kept.used / count, 'disk-pruned': pruned.used / count },
      lost: refused,
      raw: { count, kept, pruned },
    }
  } finally {
    rmSync(own, { recursive: true })
  }
}

/** Returns how many were not settled in the end. */
async function settleAll(own, count) {
  return withServer(launchTracker(own), async ({ url }) => {
    let refused = 0
    await inParallel(count, 64, async (index) => {
      const headers = { 'Content-Type': 'application/json', 'User-Agent': 'ImageKit' }
      const { status } = await ask(url + deliveryPath(index), {
        method: 'POST',
        headers,
        body: bodyOf(index),
      })
      if (status !== 200) refused += 1
    })
    return refused
  })
}

async function pruneAll(path) {
  const store = openSqliteStore({ path })
  let after = null
  do after = (await store.pruneBodies(Date.now() + 1_000, 200, after)).next
  while (after !== null)
  await store.close()
}

function sizesOf(path) {
  const connection = new Database(path, { readonly: true })
  const [size, pages, free] = ['page_size', 'page_count', 'freelist_count'].map((name) =>
    connection.pragma(name, { simple: true }),
  )
  const rows = connection.prepare('SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name').all()
  connection.close()
  return {
    file: size * pages,
    used: size * (pages - free),
    byName: Object.fromEntries(rows.map(({ name, bytes }) => [name, bytes])),
  }
}
