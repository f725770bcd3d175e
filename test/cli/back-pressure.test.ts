import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { listen, type ReceivedForm, readForm } from './fake-tracker.ts'
import { uploaded } from './responses.ts'
import { runCli } from './run-cli.ts'

const MIB = 1024 * 1024
const TOTAL_MIB = 100

test('while the service reads nothing, upload reads less than 40 MiB of a 100 MiB file; then the whole file arrives', async () => {
  let readMib = 0
  const hash = createHash('sha256')
  const stdin = Readable.from(
    (function* () {
      for (; readMib < TOTAL_MIB; readMib += 1) {
        const chunk = Buffer.alloc(MIB, readMib)
        hash.update(chunk)
        yield chunk
      }
    })(),
  )
  let readMibWhileStalled = 0
  let form: ReceivedForm | undefined
  const url = await listen(async (incoming, response) => {
    // The service reads nothing until the command has stopped reading.
    do {
      readMibWhileStalled = readMib
      await delay(200)
    } while (readMib > readMibWhileStalled)
    form = await readForm(incoming, incoming.headers['content-type'] ?? '')
    const { status, body, headers } = uploaded()
    response.writeHead(status, headers).end(JSON.stringify(body))
  })
  const { exitCode } = await runCli(['upload', '-', '--file-name', 'a.bin'], {
    env: { TRACKER_URL: url },
    stdin,
  })
  expect(exitCode).toBe(0)
  expect(readMibWhileStalled).toBeLessThan(40)
  expect(form?.file).toEqual({ name: 'file', bytes: TOTAL_MIB * MIB, sha256: hash.digest('hex') })
})
