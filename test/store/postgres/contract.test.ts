import { storeContract } from '../../contract/store-contract.ts'
import { CONTRACT, openPostgres } from './open-postgres.ts'

storeContract('the PostgreSQL store', openPostgres, {
  ...CONTRACT,
  // With several concurrent transactions, concurrent steps take effect in any order.
  openInOrder: () => openPostgres({ maxTransactions: 1 }),
})
