type SavedConfig = { name: string; [option: string]: unknown }

export type SavedExtension = {
  id: string
  name: string
  description: string
  config: SavedConfig
  createdAt: string
  updatedAt: string
}

const CONFIGS: readonly SavedConfig[] = [
  { name: 'remove-bg' },
  { name: 'google-auto-tagging', minConfidence: 0, maxTags: 30 },
  { name: 'aws-auto-tagging', minConfidence: 0, maxTags: 30 },
  { name: 'ai-auto-description' },
  {
    name: 'ai-tasks',
    tasks: [{ type: 'select_tags', instruction: 'What is visible?', vocabulary: ['shirt', 'leaf'] }],
  },
]

const DEFAULT_CONFIG: SavedConfig = { name: 'aws-auto-tagging', minConfidence: 0, maxTags: 30 }

const CREATED_AT = '2026-01-01T00:00:00.000Z'

/**
 * ImageKit stores saved extensions in the account. Here they are fixed: the id `ext_remove-bg` stands for `remove-bg`, and so on; any
 * other id that begins with `ext_` stands for `aws-auto-tagging`. Undefined for an invalid id.
 */
export function findSavedExtension(id: string): SavedExtension | undefined {
  if (!/^ext_./.test(id)) return undefined
  const config = CONFIGS.find(({ name }) => id === `ext_${name}`) ?? DEFAULT_CONFIG
  return describe(id, config)
}

export const SAVED_EXTENSIONS: readonly SavedExtension[] = CONFIGS.map((config) =>
  describe(`ext_${config.name}`, config),
)

function describe(id: string, config: SavedConfig): SavedExtension {
  const { name } = config
  return {
    id,
    name: `Saved ${name}`,
    description: `Runs ${name}.`,
    config,
    createdAt: CREATED_AT,
    updatedAt: CREATED_AT,
  }
}
