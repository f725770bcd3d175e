// The operations that the service describes in its API description, without starting it.
import { parseConfig } from '../dist/config.js'
import { createService } from '../dist/service.js'

const config = parseConfig(
  {
    PORT: '0',
    DATABASE_URL: 'file:unused.db',
    IMAGEKIT_PRIVATE_KEY: 'any',
    TRACKER_TOKEN_SECRET: 'not-used-for-anything',
    IMAGEKIT_PASSTHROUGH: 'all',
  },
  () => '',
)
export const { operations } = createService(config, { store: {} })
