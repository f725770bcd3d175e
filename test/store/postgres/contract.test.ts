import { storeContract } from '../../contract/store-contract.ts'
import { CONTRACT_OPTIONS, openPostgres } from './open-postgres.ts'

storeContract('the PostgreSQL store', openPostgres, CONTRACT_OPTIONS)
