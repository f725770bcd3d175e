import { InvalidArgumentError } from 'commander'
import { TrackerError } from '../domain/errors.ts'
import type { RequestedExtension } from '../domain/submission.ts'
import { parseExtensionsText } from '../imagekit/extensions-parameter.ts'

/** ImageKit requires both for a tagger: https://imagekit.io/docs/extensions/ai-auto-tagging */
const TAGGER_DEFAULTS = { minConfidence: 70, maxTags: 10 }

export const EXTENSION_HELP =
  'run this extension; repeatable. The taggers (aws-auto-tagging, google-auto-tagging) get ' +
  `minConfidence ${TAGGER_DEFAULTS.minConfidence} and maxTags ${TAGGER_DEFAULTS.maxTags}; use --extensions for other options`

/** `--extension NAME`: the extension with its required options only. */
export function addNamedExtension(
  name: string,
  previous: readonly RequestedExtension[] = [],
): RequestedExtension[] {
  return [...previous, namedExtension(name)]
}

function namedExtension(name: string): RequestedExtension {
  switch (name) {
    case '':
      throw new InvalidArgumentError('The name is empty.')
    case 'aws-auto-tagging':
    case 'google-auto-tagging':
      return { name, ...TAGGER_DEFAULTS }
    case 'ai-tasks':
      throw new InvalidArgumentError(
        'It requires tasks; use --extensions \'[{"name":"ai-tasks","tasks":[…]}]\'.',
      )
    case 'saved-extension':
      throw new InvalidArgumentError(
        'It requires an id; use --extensions \'[{"name":"saved-extension","id":"…"}]\'.',
      )
    default:
      return { name }
  }
}

/** `--extensions JSON`, in ImageKit's own format. */
export function parseExtensionsOption(text: string): RequestedExtension[] {
  try {
    return parseExtensionsText(text)
  } catch (error) {
    if (error instanceof TrackerError)
      throw new InvalidArgumentError(`It ${error.fields[0]?.message ?? 'is not valid'}.`)
    throw error
  }
}
