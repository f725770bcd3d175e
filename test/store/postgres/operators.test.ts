import { operatorsContract } from '../../contract/store-contract.ts'
import { openPostgres } from './open-postgres.ts'

operatorsContract('the PostgreSQL store', openPostgres)
