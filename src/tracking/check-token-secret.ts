import type { Store } from '../store/store.ts'
import type { CapabilityTokens } from './capability-tokens.ts'

type CheckDeps = {
  store: Pick<Store, 'findTokenCheckValue' | 'saveTokenCheckValue'>
  tokens: Pick<CapabilityTokens, 'checkValue' | 'hasCheckValue'>
  log: { error(fields: object, text: string): void }
}

/** Reports a token secret that does not verify the webhook URLs of this database. Records which one signs from now on. */
export async function checkTokenSecret({ store, tokens, log }: CheckDeps): Promise<void> {
  const known = await store.findTokenCheckValue()
  if (known === tokens.checkValue) return
  if (known !== null && !tokens.hasCheckValue(known))
    log.error(
      {},
      'TRACKER_TOKEN_SECRET lacks the secret that signed the newest webhook URLs of this database: they are rejected. ' +
        'Add that secret behind a comma',
    )
  await store.saveTokenCheckValue(tokens.checkValue)
}
