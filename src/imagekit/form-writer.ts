import { randomBytes } from 'node:crypto'
import { invalidForm } from './form-part.ts'

/** Writes `multipart/form-data` (RFC 7578) piece by piece: for each part its head, its content and `partEnd`; finally `formEnd`. */
export type FormWriter = {
  contentType: string
  /** Throws `invalid_input` for a name or file name on which parsers disagree. */
  partHead(part: { name: string; fileName?: string | undefined; contentType?: string | undefined }): string
  partEnd: string
  formEnd: string
}

export function createFormWriter(): FormWriter {
  const boundary = `----tracker-${randomBytes(24).toString('hex')}`
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    partHead({ name, fileName, contentType }) {
      if (name.includes('\\') || hasControlCharacters(name)) throw ambiguous('name')
      if (fileName !== undefined && (/\\(\\|$)/.test(fileName) || hasControlCharacters(fileName)))
        throw ambiguous('file name')
      const file = fileName === undefined ? '' : `; filename="${escapeQuoted(fileName)}"`
      const type = contentType === undefined ? '' : `\r\nContent-Type: ${contentType.replace(/[\r\n]/g, '')}`
      return `--${boundary}\r\nContent-Disposition: form-data; name="${escapeQuoted(name)}"${file}${type}\r\n\r\n`
    },
    partEnd: '\r\n',
    formEnd: `--${boundary}--\r\n`,
  }
}

/**
 * There is no standard way to escape a backslash, and parsers disagree: some keep it, some drop it, and some take a quote after it
 * for a part of the name. A file name may be a Windows path, in which a backslash stands between other characters and is harmless.
 */
function ambiguous(what: string): Error {
  return invalidForm(
    'form',
    `has a part whose ${what} contains a backslash or a control character that parsers read differently`,
  )
}

function hasControlCharacters(text: string): boolean {
  return /[^\P{Cc}\t\r\n]/u.test(text)
}

/** As browsers do: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data */
function escapeQuoted(text: string): string {
  return text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
}
