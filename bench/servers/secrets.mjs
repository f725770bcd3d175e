/** Of nothing but these measurements. */
export const SECRETS = {
  TRACKER_TOKEN_SECRET: 'bench-token-secret-of-nothing-else',
  TRACKER_API_KEY: 'bench-api-key-0001',
  TRACKER_ADMIN_KEY: 'bench-admin-key-0001',
}

export const READER = { Authorization: `Bearer ${SECRETS.TRACKER_API_KEY}` }
export const OPERATOR = { Authorization: `Bearer ${SECRETS.TRACKER_ADMIN_KEY}` }
