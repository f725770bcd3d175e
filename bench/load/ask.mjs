// Requests of the bench itself, where a load generator can't tell what is to be known.
import { Agent, request } from 'undici'

const dispatcher = new Agent({ connections: 64, pipelining: 1 })

/** Resolves with the status and the text of the answer. */
export async function ask(url, { method = 'GET', headers = {}, body } = {}) {
  const answer = await request(url, { method, headers, body, dispatcher })
  return { status: answer.statusCode, text: await answer.body.text() }
}

/** Does `work` for each number below `count`, so many at once. */
export async function inParallel(count, atOnce, work) {
  let next = 0
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await work(index)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
