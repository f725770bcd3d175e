import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { sandboxCommand } from '../../src/cli/sandbox.ts'
import { temporaryDirectory } from '../support/tracker.ts'

/** Runs the `sandbox` command, which is asked to stop as soon as it has started. */
function run(env: Record<string, string>, args: string[] = [], stdout = new PassThrough()): Promise<unknown> {
  const context = { env, readText: () => '', stdout, stopRequested: async () => {} }
  const command = sandboxCommand(context).exitOverride()
  return command.parseAsync(args, { from: 'user' })
}

test('the sandbox refuses to run in production', async () => {
  await expect(run({ NODE_ENV: 'production' })).rejects.toThrow('NODE_ENV: is production')
})

test('an invalid configuration reports every problem at once', async () => {
  const invalid = run({ NODE_ENV: 'production', PORT: '99999', LOG_LEVEL: 'loud' }, [
    '--public-url',
    'nowhere',
  ])
  await expect(invalid).rejects.toMatchObject({
    problems: [
      expect.stringContaining('NODE_ENV'),
      expect.stringContaining('PORT'),
      expect.stringContaining('LOG_LEVEL'),
      expect.stringContaining('--public-url'),
    ],
  })
})

test('the message at the start says which private key the service needs, without printing a configured one', async () => {
  const messageWith = async (env: Record<string, string>) => {
    const stdout = new PassThrough()
    const options = ['--directory', temporaryDirectory(), '--port', '0']
    await run({ LOG_LEVEL: 'silent', ...env }, options, stdout)
    return String(stdout.read())
  }
  expect(await messageWith({})).toContain('\n  IMAGEKIT_PRIVATE_KEY=private_sandbox  # any key is accepted\n')
  const configured = await messageWith({ IMAGEKIT_PRIVATE_KEY: 'private_of_a_developer' })
  expect(configured).toContain('The service needs the same IMAGEKIT_PRIVATE_KEY as this sandbox.\n')
  expect(configured).not.toContain('private_of_a_developer')
})

test('--port overrides PORT, which may be the port of the service', async () => {
  const service = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void service.close())
  await once(service, 'listening')
  const env = { PORT: String((service.address() as AddressInfo).port), LOG_LEVEL: 'silent' }
  const directory = ['--directory', temporaryDirectory()]
  await expect(run(env, directory)).rejects.toMatchObject({ code: 'EADDRINUSE' })

  const stdout = new PassThrough()
  await run(env, [...directory, '--port', '0'], stdout)
  expect(String(stdout.read())).toMatch(/^The sandbox listens on http:\/\/127\.0\.0\.1:\d+\n/)

  const problems = ['--port: must be a whole number from 0 to 65535']
  await expect(run(env, ['--port', '99999'])).rejects.toMatchObject({ problems })
})
