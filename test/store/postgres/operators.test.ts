import { operatorsContract } from '../../contract/store-contract.ts'
import { CONTRACT_OPTIONS, openPostgres } from './open-postgres.ts'

operatorsContract('the PostgreSQL store', openPostgres, CONTRACT_OPTIONS)
