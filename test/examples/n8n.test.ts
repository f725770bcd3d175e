import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { imageFile } from '../support/fixture-images.ts'
import { fetchTracker } from './run-example.ts'

type Parameter = { name: string; value?: string; inputDataFieldName?: string }
type HttpRequestNode = {
  name: string
  parameters: {
    method?: string
    url: string
    queryParameters?: { parameters: Parameter[] }
    bodyParameters?: { parameters: Parameter[] }
  }
}

const WORKFLOW = new URL('../../examples/n8n/workflow.json', import.meta.url)

/** Sends the request of a node to the tracker. `json`: the input of the node, for its expressions. `data`: the input's file. */
function sendRequest(name: string, { json = {}, data }: { json?: { [name: string]: string }; data?: File }) {
  const { nodes } = JSON.parse(readFileSync(fileURLToPath(WORKFLOW), 'utf8')) as { nodes: HttpRequestNode[] }
  const node = nodes.find((one) => one.name === name)
  if (node === undefined) throw new Error(`no node is named ${name}`)
  const { method = 'GET', url, queryParameters, bodyParameters } = node.parameters
  const path = url
    .replace(/^=?https:\/\/tracker\.example\.com/, '')
    .replace(/\{\{ \$json\.(\w+) \}\}/, (_, field: string) => json[field] ?? '')
  const query = new URLSearchParams()
  for (const { name, value = '' } of queryParameters?.parameters ?? []) query.set(name, value)
  if (bodyParameters === undefined) return fetchTracker(`${path}?${query.toString()}`, { method })
  const body = new FormData()
  for (const { name, value = '', inputDataFieldName } of bodyParameters.parameters)
    body.set(name, inputDataFieldName === 'data' && data !== undefined ? data : value)
  return fetchTracker(`${path}?${query.toString()}`, { method, body })
}

test("the requests of the n8n workflow's nodes upload an image, and return its final status", async () => {
  const uploaded = await sendRequest('Upload', { data: imageFile('shirt.png') })
  expect(uploaded.status).toBe(200)
  const { fileId } = (await uploaded.json()) as { fileId: string }
  const status = await sendRequest('Wait for the extensions', { json: { fileId } })
  expect(await status.json()).toMatchObject({ fileId, extensionStatus: { 'remove-bg': 'success' } })
})
