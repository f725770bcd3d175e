import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { expect, test } from 'vitest'
import { PROBLEMS } from '../../src/contract/problems.ts'
import type { OpenApiDocument } from '../../src/http/openapi.ts'
import { startTracker } from '../support/tracker.ts'

async function readDescription() {
  const tracker = await startTracker()
  const response = await tracker.fetch('/openapi.json', { headers: { authorization: '' } })
  expect(response.headers.get('content-type')).toBe('application/json')
  return { tracker, document: (await response.json()) as OpenApiDocument }
}

/** All values under `$ref` in the document. */
function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    name === '$ref' && typeof inner === 'string' ? [inner] : refsIn(inner),
  )
}

function resolve(document: object, ref: string): unknown {
  return ref
    .replace('#/', '')
    .split('/')
    .reduce<unknown>((value, part) => (value as { [name: string]: unknown } | undefined)?.[part], document)
}

test('the description is an OpenAPI 3.1 document with the public URL, whose references all lead somewhere', async () => {
  const { tracker, document } = await readDescription()
  expect(document.openapi).toMatch(/^3\.1\./)
  expect(document.servers).toEqual([{ url: tracker.url }])
  const refs = refsIn(document)
  expect(refs.length).toBeGreaterThan(100)
  expect(refs.filter((ref) => resolve(document, ref) === undefined)).toEqual([])
})

test('each operation has a name of its own and a summary; public ones need no key, others accept Bearer and Basic', async () => {
  const { document } = await readDescription()
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  for (const { operationId, summary, security } of operations) {
    expect(summary, operationId).toMatch(/^[A-Z].*[^.]$/)
    expect([
      [],
      [{ bearer: [] }, { basic: [] }],
      [{ bearer: [] }, { basic: [] }, { token: [] }],
    ]).toContainEqual(security)
  }
  expect(document.paths['/healthz']?.['get']?.['security']).toEqual([])
})

test('streamed uploads and the routes without Hono are described', async () => {
  const { document } = await readDescription()
  const upload = document.paths['/api/v1/files/upload']?.['post']
  expect(Object.keys(upload?.requestBody?.content ?? {})).toEqual(['multipart/form-data'])
  expect(document.paths['/webhooks/extension/{token}']?.['post']).toBeDefined()
  expect(document.paths['/assets/{fileId}/status']?.['get']?.parameters.map(({ name }) => name)).toEqual([
    'fileId',
    'wait',
    'If-None-Match',
  ])
  expect(upload?.parameters).toMatchObject([{ name: 'Idempotency-Key', in: 'header', required: false }])
})

test('the description avoids what client generators stumble over', async () => {
  const { document } = await readDescription()
  const tags = document.tags.map((tag) => (tag as { name: string }).name)
  expect(new Set(tags).size).toBe(tags.length)
  // Every operation of each path has one of these tags.
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
  expect(new Set(operations.flatMap((operation) => operation['tags']))).toEqual(new Set(tags))
  for (const { operationId, requestBody } of operations)
    for (const content of Object.values(requestBody?.content ?? {}))
      expect(content, operationId).toHaveProperty('schema')
  expect(Object.keys(document.components.schemas).filter((id) => !/^[A-Z]\w+$/.test(id))).toEqual([])
  const properties = document.components.schemas['Run']?.['properties']
  expect(properties).toMatchObject({ settledAt: { type: ['string', 'null'] }, error: {} })
  // zod's pattern of a time has 300 characters, and only repeats the format.
  expect(properties).toHaveProperty('requestedAt', { type: 'string', format: 'date-time' })
})

test('each example is valid', async () => {
  const { document } = await readDescription()
  const ajv = formats.default(
    new Ajv2020({ strict: false, schemas: [{ ...document, $id: 'https://tracker.example/api' }] }),
  )
  const withExamples = Object.entries(document.components.schemas).filter(
    ([, schema]) => 'examples' in schema,
  )
  expect(withExamples.length).toBeGreaterThan(5)
  for (const [id, { examples }] of withExamples) {
    const validate = ajv.compile({ $ref: `https://tracker.example/api#/components/schemas/${id}` })
    for (const example of examples as unknown[])
      expect(validate(example) || ajv.errorsText(validate.errors), id).toBe(true)
  }
})

test('the page loads only its own script, and its policy forbids other origins', async () => {
  const tracker = await startTracker()
  const page = await tracker.fetch('/docs')
  const html = await page.text()
  expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*connect-src 'self'/)
  expect(html).not.toMatch(/(src|href)="https?:/)
  const script = /<script type="module" src="([^"]+)"/.exec(html)?.[1] ?? ''
  const loaded = await tracker.fetch(new URL(script, `${tracker.url}/docs`).pathname)
  expect([loaded.status, loaded.headers.get('cache-control')]).toEqual([
    200,
    'public, max-age=31536000, immutable',
  ])
  expect((await loaded.text()).length).toBeGreaterThan(100_000)
  expect((await tracker.fetch('/docs/other.js')).status).toBe(404)
})

test('each problem code is explained, with what to do about it', async () => {
  const tracker = await startTracker()
  for (const [code, { status, title }] of Object.entries(PROBLEMS)) {
    const explained = await (await tracker.fetch(`/problems/${code}`)).json()
    expect(explained).toEqual({ code, status, title, help: expect.stringMatching(/\.$/) })
  }
})
