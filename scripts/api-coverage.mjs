// `npm run api-coverage`, after the tests: fails if they have not received every response that the API description describes.
// The tests write the responses that they receive to coverage/api-responses.txt, as `operationId status`.
import { readFileSync } from 'node:fs'
import { describeApi } from '../dist/http/openapi.js'
import { describedOperations } from './described-operations.mjs'

const operations = describedOperations({ IMAGEKIT_PASSTHROUGH: 'all' })
const { paths } = describeApi(operations, { publicUrl: 'http://127.0.0.1', version: '0' })
const described = Object.values(paths).flatMap((methods) =>
  Object.values(methods).flatMap(({ operationId, responses }) =>
    Object.keys(responses).map((status) => `${operationId} ${status}`),
  ),
)
const received = new Set(readFileSync('coverage/api-responses.txt', 'utf8').trim().split('\n'))
const missing = described.filter((response) => !received.has(response))
console.log(
  `API description: ${Object.keys(paths).length} paths, ${operations.length} operations, ${described.length} responses, ${described.length - missing.length} of them received by the tests`,
)
for (const response of missing) console.log(`never received: ${response}`)
process.exitCode = missing.length > 0 ? 1 : 0
