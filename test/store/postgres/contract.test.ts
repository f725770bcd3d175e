import { storeContract } from '../../contract/store-contract.ts'
import { openPostgres } from './open-postgres.ts'

storeContract('the PostgreSQL store', openPostgres, { sequences: 20 })
