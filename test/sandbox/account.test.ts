import ImageKit, { NotFoundError } from '@imagekit/nodejs'
import { expect, test } from 'vitest'
import { PRIVATE_KEY, startSandbox } from './support/running-sandbox.ts'

async function startWithClient() {
  const sandbox = await startSandbox()
  return { sandbox, client: new ImageKit({ privateKey: PRIVATE_KEY, baseURL: sandbox.url }) }
}

const PRICE = { name: 'price', label: 'Price', schema: { type: 'Number', minValue: 1 } } as const

test('custom metadata fields are created, listed, changed and deleted, and a deleted name stays taken', async () => {
  const { sandbox, client } = await startWithClient()
  const { customMetadataFields: fields } = client
  const created = await fields.create(PRICE)
  expect(created).toEqual({ ...PRICE, id: expect.stringMatching(/^[0-9a-f]{24}$/) })
  const changed = await fields.update(created.id, { schema: { minValue: 5 } })
  expect(changed).toEqual({ ...created, schema: { type: 'Number', minValue: 5 } })
  await sandbox.stop()
  const { url } = await startSandbox({ directory: sandbox.directory })
  const again = new ImageKit({ privateKey: PRIVATE_KEY, baseURL: url }).customMetadataFields
  expect(await again.list()).toEqual([changed])
  await again.delete(created.id)
  expect(await again.list()).toEqual([])
  expect(await again.list({ includeDeleted: true })).toEqual([changed])
  await expect(again.create(PRICE)).rejects.toThrow('A custom metadata field with this name already exists.')
  await expect(again.delete(created.id)).rejects.toThrow(NotFoundError)
})

test('saved extensions are listed, and each id names the extension that it runs', async () => {
  const { savedExtensions } = (await startWithClient()).client
  const list = await savedExtensions.list()
  expect(list).toHaveLength(5)
  expect(await savedExtensions.get('ext_remove-bg')).toMatchObject({ config: { name: 'remove-bg' } })
  await expect(savedExtensions.get('none')).rejects.toThrow('Invalid saved extension ID.')
})
