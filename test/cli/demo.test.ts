import { expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

test('with --exit, the demo shows extensions that change from pending to success, and one to failed', async () => {
  const { exitCode, stdout, stderr } = await runCli(['demo', '--exit'])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toMatch(/t-shirt\.png +remove-bg +pending\n/)
  expect(stdout).toMatch(/t-shirt\.png +remove-bg +pending → success\n/)
  expect(stdout).toMatch(/landscape\.jpg +google-auto-tagging +pending → success\n/)
  expect(stdout).toMatch(/mug\.png +remove-bg +pending → failed {2}\S.*foreground/)
  expect(stdout).toContain('3 files, 6 extensions: 5 success, 1 failed, 0 pending')
})

/** The URLs of the service and of its local ImageKit, as the demo prints them for scripts. */
function serversOf(output: string): string[] {
  const urls = [...output.matchAll(/^ +export (?:TRACKER_URL|IMAGEKIT_API_URL)=(http\S+)$/gm)].map(
    ([, url = '']) => url,
  )
  expect(urls).toHaveLength(2)
  return urls
}

test('the demo runs until it is stopped, prints working URLs, and can run beside another demo', async () => {
  let stop = () => {}
  let onUp = () => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const up = new Promise<void>((resolve) => {
    onUp = resolve
  })
  let shown = ''
  const running = runCli(['demo'], {
    stopRequested: () => stopped,
    onOutput: (text) => {
      shown = text
      if (text.includes('Still running')) onUp()
    },
  })
  await up
  const addressOf = (label: string) => new RegExp(`${label} +(http\\S+)`).exec(shown)?.[1] ?? ''
  const status = await fetch(addressOf('its status'))
  expect(await status.json()).toMatchObject({
    status: 'success',
    extensionStatus: { 'remove-bg': 'success' },
  })
  const cutOut = await fetch(addressOf('cut-out'))
  expect(cutOut.headers.get('content-type')).toBe('image/png')
  expect((await fetch(addressOf('API'))).status).toBe(200)
  expect(await (await fetch(addressOf('admin pages'))).text()).toContain('Overview')
  // The first line of the output has the address too, before the demo uploads anything.
  expect(addressOf('^pages')).toBe(addressOf('admin pages'))
  const [serviceUrl, imagekitUrl] = serversOf(shown)
  expect((await fetch(`${serviceUrl}/runs`)).status).toBe(200)
  const files = await fetch(`${imagekitUrl}/v1/files`, {
    headers: { authorization: `Basic ${btoa('private_demo:')}` },
  })
  expect(files.status).toBe(200)

  const second = await runCli(['demo', '--exit'])
  expect(second.exitCode).toBe(0)
  for (const url of serversOf(shown)) expect(serversOf(second.stdout)).not.toContain(url)

  stop()
  expect((await running).exitCode).toBe(0)
  await expect(fetch(addressOf('API'))).rejects.toThrow('fetch failed')
})

test('the demo does not run in production', async () => {
  const { exitCode, stdout, stderr } = await runCli(['demo', '--exit'], { env: { NODE_ENV: 'production' } })
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(stderr).toContain('NODE_ENV is production')
})
