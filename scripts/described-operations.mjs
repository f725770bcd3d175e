import { parseConfig } from '../dist/config.js'
import { createService } from '../dist/service.js'

/** The operations that the service describes in its API description with these variables, without starting it. */
export function describedOperations(env) {
  const config = parseConfig(
    {
      PORT: '0',
      DATABASE_URL: 'file:unused.db',
      IMAGEKIT_PRIVATE_KEY: 'any',
      TRACKER_TOKEN_SECRET: 'not-used-for-anything',
      ...env,
    },
    () => '',
  )
  return createService(config, { store: {} }).operations
}
