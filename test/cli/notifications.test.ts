import { expect, test } from 'vitest'
import { ask } from '../support/operator.ts'
import { startReceiver } from '../support/receiver.ts'
import { ADMIN_KEY, startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, payload } from '../support/webhooks.ts'
import { runCli } from './run-cli.ts'

/**
 * Starts a real service with one notification that was given up, because its receiver responded 410. After `recover`, the receiver
 * responds 204.
 */
async function startWithGivenUp() {
  const receiverResponse = { status: 410 }
  const receiver = await startReceiver((_request, response) =>
    response.writeHead(receiverResponse.status).end(),
  )
  const tracker = await startTracker({ ALLOW_PRIVATE_TARGETS: 'true' })
  const { json } = await ask<{ webhookUrl: string }>(tracker, '/submissions', {
    method: 'POST',
    body: { extensions: [{ name: 'remove-bg' }], fileId: FILE_ID, webhookUrl: receiver.url },
  })
  await deliver(json.webhookUrl, payload('remove-bg', 'failure'))
  const env = { TRACKER_URL: tracker.url, TRACKER_ADMIN_KEY: ADMIN_KEY }
  const operate = (...args: string[]) => runCli(['notifications', ...args], { env })
  const list = async (...args: string[]) =>
    (JSON.parse((await operate(...args, '--json')).stdout) as { notifications: { notificationId: string }[] })
      .notifications
  await expect.poll(() => list('--state', 'given_up')).toHaveLength(1)
  const [{ notificationId } = { notificationId: '' }] = await list()
  return { operate, list, notificationId, receiver, recover: () => void (receiverResponse.status = 204) }
}

test('notifications lists the notifications in a state or about a file', async () => {
  const { operate, list, notificationId } = await startWithGivenUp()
  const { exitCode, stdout, stderr } = await operate('--state', 'given_up', '--file-id', FILE_ID)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toMatch(/^NOTIFICATION +CREATED +STATE +ATTEMPTS +HOST +FILE ID +LAST REASON\n/)
  expect(stdout).toMatch(
    new RegExp(`\n${notificationId} .* given_up +1 +127\\.0\\.0\\.1\\S* +${FILE_ID} +status_410\n`),
  )
  expect(await list('--state', 'delivered')).toEqual([])
  expect((await operate('--file-id', 'another')).stdout).toBe('No notifications.\n')
})

test('notifications show prints a notification with its attempts; --json prints the response of the service', async () => {
  const { operate, notificationId } = await startWithGivenUp()
  const { exitCode, stdout } = await operate('show', notificationId)
  expect(exitCode).toBe(0)
  expect(stdout).toContain(`notification  ${notificationId}\nstate         given_up\n`)
  expect(stdout).toMatch(/\nAT +RESULT +STATUS +REASON\n\S+ \S+Z +gone +410 +status_410\n/)
  const json = await operate('show', notificationId, '--json')
  expect(JSON.parse(json.stdout)).toMatchObject({ notificationId, state: 'given_up', fileId: FILE_ID })
  expect((await operate('show', 'msg_run_9_AbCdEfGhIjk')).exitCode).toBe(1)
})

test('notifications resend sends one notification again, with the same id', async () => {
  const { operate, list, notificationId, receiver, recover } = await startWithGivenUp()
  recover()
  const { exitCode, stdout } = await operate('resend', notificationId, '--reason', 'the receiver is back')
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(
      new RegExp(`^Sending ${notificationId} to 127\\.0\\.0\\.1\\S* again\\.\n$`),
    ),
  })
  await expect.poll(() => list('--state', 'delivered')).toHaveLength(1)
  expect(receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual([
    notificationId,
    notificationId,
  ])
})

test('notifications resend with a filter sends all that match again, and prints their number', async () => {
  const { operate, list, recover } = await startWithGivenUp()
  expect((await operate('resend', '--state', 'delivered')).stdout).toBe('No notifications.\n')
  recover()
  const json = await operate('resend', '--state', 'given_up', '--file-id', FILE_ID, '--json')
  expect(JSON.parse(json.stdout)).toEqual({ total: 1 })
  await expect.poll(() => list('--state', 'delivered')).toHaveLength(1)
  expect((await operate('resend', '--state', 'delivered')).stdout).toBe('Sending 1 notification again.\n')
})
