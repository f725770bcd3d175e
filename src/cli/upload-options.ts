import { type Command, InvalidArgumentError, Option } from 'commander'
import { TrackerError } from '../domain/errors.ts'
import type { RequestedExtension } from '../domain/submission.ts'
import { parseExtensionsText } from '../imagekit/extensions-parameter.ts'

type Parameter = { kind: 'text' | 'json' | 'boolean'; flags: string; field: string; help: string }

/** ImageKit's upload parameters that have an option of their own: https://imagekit.io/docs/api-reference/upload-file/upload-file */
const PARAMETERS: readonly Parameter[] = [
  yesNo('--use-unique-file-name', 'useUniqueFileName', 'add a unique suffix to the name'),
  text('--tags <TAGS>', 'tags', 'tags, comma-separated'),
  text('--folder <PATH>', 'folder', 'folder, such as /images/'),
  yesNo('--is-private-file', 'isPrivateFile', 'serve the original through signed URLs only'),
  yesNo('--is-published', 'isPublished', 'publish the file; --no-is-published keeps it as a draft'),
  text('--custom-coordinates <X,Y,W,H>', 'customCoordinates', 'the important area of the image'),
  text('--response-fields <NAMES>', 'responseFields', 'additional response fields, comma-separated'),
  text(
    '--webhook-url <URL>',
    'webhookUrl',
    'URL that the service notifies when a webhook or evidence settles a run',
  ),
  yesNo('--overwrite-file', 'overwriteFile', 'replace a file with the same name'),
  yesNo('--overwrite-ai-tags', 'overwriteAITags', 'when replacing, remove the AITags'),
  yesNo('--overwrite-tags', 'overwriteTags', 'when replacing, remove the tags'),
  yesNo(
    '--overwrite-custom-metadata',
    'overwriteCustomMetadata',
    'when replacing, remove the custom metadata',
  ),
  json('--custom-metadata <JSON>', 'customMetadata', 'custom metadata, a JSON object'),
  json('--transformation <JSON>', 'transformation', 'pre- and post-transformations, a JSON object'),
  text('--checks <EXPRESSION>', 'checks', 'reject the upload unless this expression is true'),
  text('--description <TEXT>', 'description', 'description of the file'),
]

function text(flags: string, field: string, help: string): Parameter {
  return { kind: 'text', flags, field, help }
}

function json(flags: string, field: string, help: string): Parameter {
  return { kind: 'json', flags, field, help }
}

function yesNo(flags: string, field: string, help: string): Parameter {
  return { kind: 'boolean', flags, field, help }
}

/** Adds an option for each parameter, and a `--no-` form of each yes/no option. */
export function addParameterOptions(command: Command): void {
  for (const { kind, flags, help } of PARAMETERS) {
    const option = new Option(flags, help)
    command.addOption(kind === 'json' ? option.argParser(parseJsonObjectText) : option)
    if (kind === 'boolean') command.addOption(new Option(flags.replace('--', '--no-')).hideHelp())
  }
}

/** The form fields of the options that were given. */
export function readParameterOptions(command: Command): [string, string][] {
  const values = command.opts<{ [attribute: string]: string | boolean | undefined }>()
  return PARAMETERS.flatMap(({ flags, field }) => {
    const value = values[new Option(flags).attributeName()]
    return value === undefined ? [] : [[field, String(value)] satisfies [string, string]]
  })
}

/** Checks that the text is a JSON object and returns it unchanged. */
function parseJsonObjectText(text: string): string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new InvalidArgumentError('It is not valid JSON.')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidArgumentError('It must be a JSON object such as {"name":"value"}.')
  return text
}

/** Adds the value of one `--field NAME=VALUE`. `file`, `fileName` and `extensions` are set by other arguments. */
export function addField(text: string, previous: readonly [string, string][] = []): [string, string][] {
  const separator = text.indexOf('=')
  if (separator < 1) throw new InvalidArgumentError('It must be NAME=VALUE.')
  const name = text.slice(0, separator)
  if (name === 'file' || name === 'fileName' || name === 'extensions')
    throw new InvalidArgumentError(`"${name}" has an argument or option of its own.`)
  return [...previous, [name, text.slice(separator + 1)]]
}

/** What `--extension` adds for a tagger, because ImageKit requires both options: https://imagekit.io/docs/extensions/ai-auto-tagging */
const TAGGER_DEFAULTS = { minConfidence: 70, maxTags: 10 }

export const EXTENSION_HELP =
  'run this extension; repeatable. The taggers (aws-auto-tagging, google-auto-tagging) get ' +
  `minConfidence ${TAGGER_DEFAULTS.minConfidence} and maxTags ${TAGGER_DEFAULTS.maxTags}; use --extensions for other options`

/** Adds the extension of one `--extension NAME`, with its required options only. */
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
