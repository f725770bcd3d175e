import { expect, onTestFinished, test } from 'vitest'
import { openPostgresStore } from '../../../src/store/postgres/open-postgres-store.ts'
import { newSubmission } from '../../contract/builders.ts'
import { startOwnServer } from '../../support/own-server.ts'
import { openPersistentConnection } from '../../support/postgres-admin.ts'

/** Connections whose commit waits for a standby. */
const WAITING = `SELECT pid, application_name AS name FROM pg_stat_activity WHERE wait_event = 'SyncRep'`
const WAITING_OF_STORE = `SELECT * FROM (${WAITING}) AS waiting WHERE name = 'imagekit-extension-tracker'`

/** Opens a store on a server on which every commit waits for a standby that does not exist. */
async function openWithoutStandby() {
  const { url } = await startOwnServer()
  const store = await openPostgresStore({ url })
  const [admin, probe] = [openPersistentConnection(url), openPersistentConnection(url)]
  onTestFinished(async () => {
    await alterSystem('RESET synchronous_standby_names')
    await store.close()
    await probe.close()
    await admin.close()
  })
  const alterSystem = async (change: string) => {
    await admin.query(`ALTER SYSTEM ${change}`)
    await admin.query('SELECT pg_reload_conf()')
  }
  await alterSystem(`SET synchronous_standby_names = 'nobody'`)
  // The setting is in effect once a commit waits. `probe` has one connection, so at most one of its commits waits.
  await expect
    .poll(async () => {
      void probe.query(`SELECT pg_logical_emit_message(true, 'probe', '')`).catch(() => {})
      return admin.query(WAITING)
    })
    .toHaveLength(1)
  const countWaiting = async () => (await admin.query(WAITING_OF_STORE)).length
  const terminateWaiting = () =>
    admin.query(`SELECT pg_terminate_backend(pid) FROM (${WAITING_OF_STORE}) AS waiting`)
  return { store, countWaiting, terminateWaiting, alterSystem }
}

test('a commit that waits for a standby is not acknowledged if the store’s connections keep breaking', async () => {
  const { store, terminateWaiting, alterSystem } = await openWithoutStandby()
  let outcome: unknown
  store.createSubmission(newSubmission(['remove-bg'])).then(
    (created) => {
      outcome = created
    },
    (error: unknown) => {
      outcome = error
    },
  )
  await expect
    .poll(async () => {
      await terminateWaiting()
      return outcome
    })
    .toMatchObject({ code: 'store_unavailable', mayBeCommitted: true })
  await alterSystem('RESET synchronous_standby_names')
  expect(await store.createSubmission(newSubmission([]))).toBeDefined()
})

test('a commit whose connection breaks while it waits for a standby is acknowledged once no standby is required', async () => {
  const { store, countWaiting, terminateWaiting, alterSystem } = await openWithoutStandby()
  const created = store.createSubmission(newSubmission(['remove-bg']))
  await expect.poll(countWaiting).toBe(1)
  await terminateWaiting()
  // The store then searches for the row that it may have committed. The commit of that search waits, too.
  await expect.poll(countWaiting).toBe(1)
  await alterSystem('RESET synchronous_standby_names')
  const { submissionId } = await created
  expect(await store.findSubmission(submissionId)).toBeDefined()
})
