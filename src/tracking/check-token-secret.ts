import type { Store } from '../store/store.ts'
import type { CapabilityTokens } from './capability-tokens.ts'

type CheckDeps = {
  store: Pick<Store, 'findTokenCheckValue' | 'saveTokenCheckValue'>
  tokens: Pick<CapabilityTokens, 'checkValue' | 'hasCheckValue'>
  log: { error(fields: object, text: string): void }
}

/** Logs an error if no token secret verifies the webhook URLs of this database. Records the secret that signs from now on. */
export async function checkTokenSecret({ store, tokens, log }: CheckDeps): Promise<void> {
  const known = await store.findTokenCheckValue()
  if (known === tokens.checkValue) return
  if (known !== null && !tokens.hasCheckValue(known))
    log.error(
      { event: 'token_secret.mismatched' },
      'TRACKER_TOKEN_SECRET lacks the secret that signed the newest webhook URLs of this database, so they are rejected. ' +
        'Add that secret after a comma',
    )
  await store.saveTokenCheckValue(tokens.checkValue)
}
