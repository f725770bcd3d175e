import { storeContract } from '../../contract/store-contract.ts'
import { CONTRACT, openPostgres } from './open-postgres.ts'

storeContract('the PostgreSQL store', openPostgres, CONTRACT)
