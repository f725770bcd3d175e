import { expect, onTestFinished, test } from 'vitest'
import { startSandbox } from './support/running-sandbox.ts'

test('the sandbox does not replace the global Request and Response', async () => {
  const { Request, Response } = globalThis
  onTestFinished(() => void Object.assign(globalThis, { Request, Response }))
  const own = { Request: class extends Request {}, Response: class extends Response {} }
  Object.assign(globalThis, own)
  await startSandbox()
  expect({ Request: globalThis.Request, Response: globalThis.Response }).toEqual(own)
})
