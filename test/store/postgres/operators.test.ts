import { operatorsContract } from '../../contract/store-contract.ts'
import { CONTRACT, openPostgres } from './open-postgres.ts'

operatorsContract('the PostgreSQL store', openPostgres, CONTRACT)
