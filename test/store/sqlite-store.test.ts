import { operatorsContract, storeContract } from '../contract/store-contract.ts'
import { openSqlite } from './open-sqlite.ts'

storeContract('the SQLite store', openSqlite)
operatorsContract('the SQLite store', openSqlite)
