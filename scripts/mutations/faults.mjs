import { FAULTS_AT_THE_DOOR } from './faults-at-the-door.mjs'
import { FAULTS_OF_ARRIVAL } from './faults-of-arrival.mjs'
import { FAULTS_OF_DECIDING } from './faults-of-deciding.mjs'
import { FAULTS_OF_OPERATORS } from './faults-of-operators.mjs'
import { FAULTS_OF_RECONCILING } from './faults-of-reconciling.mjs'
import { FAULTS_OF_THE_COUNTS } from './faults-of-the-counts.mjs'
import { FAULTS_OF_THE_LISTS } from './faults-of-the-lists.mjs'
import { FAULTS_OF_THE_ROWS } from './faults-of-the-rows.mjs'
import { FAULTS_OF_THE_RULES } from './faults-of-the-rules.mjs'
import { FAULTS_OF_THE_STORE } from './faults-of-the-store.mjs'
import { FAULTS_OF_UPKEEP } from './faults-of-upkeep.mjs'

/**
 * What to replace by what, and which tests should detect it. `survives` is the reason why no test can: such a fault is
 * reported, and does not fail the run.
 */
export const FAULTS = [
  ...FAULTS_OF_THE_RULES,
  ...FAULTS_OF_DECIDING,
  ...FAULTS_OF_THE_STORE,
  ...FAULTS_OF_THE_ROWS,
  ...FAULTS_OF_THE_COUNTS,
  ...FAULTS_OF_THE_LISTS,
  ...FAULTS_OF_UPKEEP,
  ...FAULTS_AT_THE_DOOR,
  ...FAULTS_OF_ARRIVAL,
  ...FAULTS_OF_RECONCILING,
  ...FAULTS_OF_OPERATORS,
]
