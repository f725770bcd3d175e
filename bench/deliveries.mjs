// What a change of the store costs where it matters most: deliveries a second through `recordDelivery`, 32 at once, of two builds
// in turns: `node bench/deliveries.mjs OTHER_DIST`, where OTHER_DIST is the built `dist` folder of another state of the program.
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const COUNT = 8_000
const AT_ONCE = 32
const ROUNDS = 5

if (process.argv[2] === 'measure') await measure(process.argv[3])
else await compare(process.argv[2])

async function compare(other) {
  if (other === undefined) throw new Error('tell which other build: node bench/deliveries.mjs OTHER_DIST')
  const own = fileURLToPath(new URL('../dist', import.meta.url))
  const rates = { [own]: [], [resolve(other)]: [] }
  for (let round = 0; round < ROUNDS; round += 1)
    for (const dist of Object.keys(rates)) rates[dist].push(await inProcess(dist))
  const medians = Object.values(rates).map((each) => each.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)])
  for (const [index, dist] of Object.keys(rates).entries())
    console.log(`${dist}: ${medians[index]} deliveries/s (${rates[dist].join(', ')})`)
  console.log(`ratio ${(medians[0] / medians[1]).toFixed(3)}`)
}

/** Each in a process of its own, so that none finds the code of the other warm. */
function inProcess(dist) {
  return new Promise((done, failed) => {
    const child = fork(fileURLToPath(import.meta.url), ['measure', dist])
    child.on('message', done)
    child.on('exit', (code) => code && failed(new Error(`it ended with ${code}`)))
  })
}

async function measure(dist) {
  const { openSqliteStore } = await import(
    pathToFileURL(join(dist, 'store/sqlite/open-sqlite-store.js')).href
  )
  const folder = mkdtempSync(join(tmpdir(), 'tracker-deliveries-'))
  const store = openSqliteStore({ path: join(folder, 'tracker.db') })
  try {
    await inTurns(COUNT, (index) => store.createSubmission(submissionOf(index)))
    const startedAt = performance.now()
    await inTurns(COUNT, async (index) => {
      const { outcome } = await store.recordDelivery(deliveryOf(index))
      if (outcome !== 'applied') throw new Error(`a delivery was ${outcome}`)
    })
    process.send(Math.round(COUNT / ((performance.now() - startedAt) / 1000)))
  } finally {
    await store.close()
    rmSync(folder, { recursive: true })
  }
}

async function inTurns(count, work) {
  let next = 0
  const worker = async () => {
    while (next < count) {
      next += 1
      await work(next)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

const EXTENSIONS = ['remove-bg', 'aws-auto-tagging', 'google-auto-tagging', 'ai-auto-description', 'ai-tasks']
const START = 1_767_225_600_000

function submissionOf(index) {
  return {
    submissionId: `submission-${index}`,
    kind: 'upload',
    fileId: `file-${index}`,
    fileName: `IMG_${index}.jpg`,
    extensions: [{ name: EXTENSIONS[index % 5] }],
    callerWebhookUrl: null,
    keyName: 'default',
    setsDescription: false,
    at: START + index * 10,
    attempt: 1,
    dueAt: START + 600_000,
  }
}

/** One in twenty-five has failed, and they took from one to twenty seconds. */
function deliveryOf(index) {
  const isFailed = index % 25 === 0
  const word = {
    service: EXTENSIONS[index % 5],
    status: isFailed ? 'failed' : 'success',
    fileId: `file-${index}`,
    error: isFailed ? { message: 'It could not be done.', code: `cause_${index % 3}` } : null,
  }
  return {
    deliveryId: `delivery-${index}`,
    route: 'extension',
    receivedAt: START + index * 10 + 1_000 + ((index * 7_919) % 19_000),
    submissionId: `submission-${index}`,
    signature: 'absent',
    headers: { 'content-type': 'application/json', 'user-agent': 'ImageKit' },
    body: Buffer.from(JSON.stringify({ ...word, url: 'https://example.com/'.padEnd(1_000, 'x') })),
    word,
  }
}
