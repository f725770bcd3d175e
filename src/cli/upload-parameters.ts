import { type Command, InvalidArgumentError, Option } from 'commander'

type Parameter = { kind: 'text' | 'json' | 'boolean'; flags: string; field: string; help: string }

/** ImageKit's upload parameters that are an option each: https://imagekit.io/docs/api-reference/upload-file/upload-file */
const PARAMETERS: readonly Parameter[] = [
  yesNo('--use-unique-file-name', 'useUniqueFileName', 'add a unique suffix to the name'),
  text('--tags <TAGS>', 'tags', 'tags, comma-separated'),
  text('--folder <PATH>', 'folder', 'folder, such as /images/'),
  yesNo('--is-private-file', 'isPrivateFile', 'open the original by signed URLs only'),
  yesNo('--is-published', 'isPublished', 'publish the file; --no-is-published leaves it a draft'),
  text('--custom-coordinates <X,Y,W,H>', 'customCoordinates', 'the important area of the image'),
  text('--response-fields <NAMES>', 'responseFields', 'further fields of the answer, comma-separated'),
  text('--webhook-url <URL>', 'webhookUrl', 'where the service tells each final status on'),
  yesNo('--overwrite-file', 'overwriteFile', 'replace a file of the same name'),
  yesNo('--overwrite-ai-tags', 'overwriteAITags', 'when replacing, remove the AITags'),
  yesNo('--overwrite-tags', 'overwriteTags', 'when replacing, remove the tags'),
  yesNo(
    '--overwrite-custom-metadata',
    'overwriteCustomMetadata',
    'when replacing, remove the custom metadata',
  ),
  json('--custom-metadata <JSON>', 'customMetadata', 'custom metadata, a JSON object'),
  json('--transformation <JSON>', 'transformation', 'pre- and post-transformations, a JSON object'),
  text('--checks <EXPRESSION>', 'checks', 'refuse the upload unless this holds'),
  text('--description <TEXT>', 'description', 'what the file shows'),
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

/** Each yes/no option also has its `--no-` form; neither given, the field is not sent. */
export function addParameterOptions(command: Command): void {
  for (const { kind, flags, help } of PARAMETERS) {
    const option = new Option(flags, help)
    command.addOption(kind === 'json' ? option.argParser(parseJsonObjectText) : option)
    if (kind === 'boolean') command.addOption(new Option(flags.replace('--', '--no-')).hideHelp())
  }
}

/** The form fields that the options stand for. */
export function readParameterOptions(command: Command): [string, string][] {
  const values = command.opts<{ [attribute: string]: string | boolean | undefined }>()
  return PARAMETERS.flatMap(({ flags, field }) => {
    const value = values[new Option(flags).attributeName()]
    return value === undefined ? [] : [[field, String(value)] satisfies [string, string]]
  })
}

/** The text as it was typed, once it is known to be a JSON object. */
function parseJsonObjectText(text: string): string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new InvalidArgumentError('It is not valid JSON.')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidArgumentError('It should be a JSON object such as {"name":"value"}.')
  return text
}

/** `--field NAME=VALUE`: a parameter that has no option yet. */
export function addField(text: string, previous: readonly [string, string][] = []): [string, string][] {
  const separator = text.indexOf('=')
  if (separator < 1) throw new InvalidArgumentError('It should be NAME=VALUE.')
  const name = text.slice(0, separator)
  if (name === 'file' || name === 'fileName' || name === 'extensions')
    throw new InvalidArgumentError(`"${name}" has an argument or option of its own.`)
  return [...previous, [name, text.slice(separator + 1)]]
}
