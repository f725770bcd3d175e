import { randomBytes } from 'node:crypto'
import { invalidForm } from './invalid-form.ts'

/** Writes `multipart/form-data` (RFC 7578) piece by piece: a head, the content, `partEnd`; then `formEnd`. */
export type FormWriter = {
  contentType: string
  /** Throws `invalid_input` for a name or a file name that parsers would read differently. */
  partHead(part: { name: string; fileName?: string | undefined; contentType?: string | undefined }): string
  partEnd: string
  formEnd: string
}

export function createFormWriter(): FormWriter {
  const boundary = `----tracker-${randomBytes(24).toString('hex')}`
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    partHead({ name, fileName, contentType }) {
      if (name.includes('\\') || hasControls(name)) throw ambiguous('name')
      if (fileName !== undefined && (/\\(\\|$)/.test(fileName) || hasControls(fileName)))
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
 * A backslash has no encoding, and parsers differ on it: some keep it, some drop it, and some take a quote behind it for a
 * part of the name. A file name may be a Windows path, where it stands between other characters and does no harm.
 */
function ambiguous(what: string): Error {
  return invalidForm(
    'form',
    `has a part whose ${what} contains a backslash or a control character that parsers read differently`,
  )
}

function hasControls(text: string): boolean {
  return /[^\P{Cc}\t\r\n]/u.test(text)
}

/** As browsers do it: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data */
function escapeQuoted(text: string): string {
  return text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
}
