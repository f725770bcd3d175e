import { expect, test } from 'vitest'
import { ADMIN_KEY, startTracker } from '../support/tracker.ts'
import { deliver, movedTo, payload, register, statusOf } from '../support/webhooks.ts'
import { runOperatorCommand } from './operator-responses.ts'
import { runCli } from './run-cli.ts'

/**
 * Starts a real service with the right token secret. Before, on the same database, a service with a wrong secret rejected two
 * webhooks of one run. It also rejected a forged webhook, which the right secret rejects, too.
 */
async function startWithCorrectedSecret() {
  const rightSecret = { TRACKER_TOKEN_SECRET: 'the-right-token-secret' }
  const first = await startTracker(rightSecret)
  const { webhookUrl } = await register(first, ['remove-bg'])
  await first.service.stop()
  const wrong = await startTracker({ TRACKER_TOKEN_SECRET: 'the-wrong-token-secret' }, {}, first.database)
  for (let times = 0; times < 2; times += 1)
    await deliver(movedTo(wrong, webhookUrl), payload('remove-bg', 'success'))
  await deliver(`${wrong.url}/webhooks/extension/forged`, payload('remove-bg', 'success'))
  await wrong.service.stop()
  const tracker = await startTracker(rightSecret, {}, first.database)
  const env = { TRACKER_URL: tracker.url, TRACKER_ADMIN_KEY: ADMIN_KEY }
  return { tracker, operate: (...args: string[]) => runCli(args, { env }) }
}

test('replay with a filter replays the rejected webhooks that match, and exits with 1 if one is rejected again; --dry-run only prints the outcomes', async () => {
  const { tracker, operate } = await startWithCorrectedSecret()
  const preview = await operate('replay', '--cause', 'forged_token', '--since', '1h', '--dry-run')
  expect(preview).toEqual({
    exitCode: 0,
    stdout: 'Would replay 3 webhooks: 1 applied, 1 duplicate, 1 rejected.\n',
    stderr: '',
  })
  expect((await statusOf(tracker)).status).toBe('pending')
  const none = await operate('replay', '--cause', 'not_json')
  expect(none).toMatchObject({ exitCode: 0, stdout: 'No rejected webhooks.\n' })

  const oldest = await operate('replay', '--outcome', 'rejected', '--limit', '1', '--json')
  expect(oldest.exitCode).toBe(0)
  expect(JSON.parse(oldest.stdout)).toMatchObject({ total: 1, byOutcome: { applied: 1, rejected: 0 } })
  expect((await statusOf(tracker)).status).toBe('success')
  const rest = await operate('replay', '--outcome', 'rejected', '--reason', 'the secret was wrong')
  expect(rest).toMatchObject({ exitCode: 1, stdout: 'Replayed 2 webhooks: 1 duplicate, 1 rejected.\n' })
  expect((await operate('audit')).stdout).toMatch(/replay .*the secret was wrong\n/)
})

test('replay re-applies a delivery and prints its outcome, with --json as JSON', async () => {
  const reply = () => ({ status: 200, body: { outcome: 'applied' } })
  const { exitCode, stdout, requests } = await runOperatorCommand(
    ['replay', 'a/b', '--reason', 'secret corrected'],
    reply,
  )
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'a/b  applied\n' })
  expect(requests).toMatchObject([
    { method: 'POST', url: '/deliveries/a%2Fb/replay', json: { reason: 'secret corrected' } },
  ])
  const asJson = await runOperatorCommand(['replay', 'delivery-1', '--json'], reply)
  expect(JSON.parse(asJson.stdout)).toEqual({ outcome: 'applied' })
})

test('replay exits with 1 if the delivery is still rejected', async () => {
  const { exitCode, stdout, stderr } = await runOperatorCommand(['replay', 'delivery-1'], () => ({
    status: 422,
    body: { detail: 'The signature does not match.' },
  }))
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
  expect(stderr).toContain('The signature does not match.')
})
