import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { sandboxCommand } from '../../src/cli/sandbox.ts'

function run(env: Record<string, string>, args: string[] = []): Promise<unknown> {
  const context = { env, readText: () => '', stdout: new PassThrough(), stopRequested: async () => {} }
  const quiet = sandboxCommand(context).exitOverride()
  return quiet.parseAsync(args, { from: 'user' })
}

test('the sandbox refuses to run in production', async () => {
  await expect(run({ NODE_ENV: 'production' })).rejects.toThrow('NODE_ENV: is production')
})

test('all problems of a configuration are told at once', async () => {
  const wrong = run({ NODE_ENV: 'production', PORT: '99999', LOG_LEVEL: 'loud' }, ['--public-url', 'nowhere'])
  await expect(wrong).rejects.toMatchObject({
    problems: [
      expect.stringContaining('NODE_ENV'),
      expect.stringContaining('PORT'),
      expect.stringContaining('LOG_LEVEL'),
      expect.stringContaining('--public-url'),
    ],
  })
})
