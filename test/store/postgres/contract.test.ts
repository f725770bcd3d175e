import { storeContract } from '../../contract/store-contract.ts'
import { CONTRACT, openPostgres } from './open-postgres.ts'

storeContract('the PostgreSQL store', openPostgres, {
  ...CONTRACT,
  // With several transactions under way, steps that are asked for at once take effect in any order.
  openInOrder: () => openPostgres({ maxTransactions: 1 }),
})
