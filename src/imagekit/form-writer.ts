import { randomBytes } from 'node:crypto'

/** Writes `multipart/form-data` (RFC 7578) piece by piece: a head, the content, `partEnd`; then `formEnd`. */
export type FormWriter = {
  contentType: string
  partHead(part: { name: string; fileName?: string | undefined; contentType?: string | undefined }): string
  partEnd: string
  formEnd: string
}

export function createFormWriter(): FormWriter {
  const boundary = `----tracker-${randomBytes(24).toString('hex')}`
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    partHead({ name, fileName, contentType }) {
      const file = fileName === undefined ? '' : `; filename="${escapeQuoted(fileName)}"`
      const type = contentType === undefined ? '' : `\r\nContent-Type: ${contentType.replace(/[\r\n]/g, '')}`
      return `--${boundary}\r\nContent-Disposition: form-data; name="${escapeQuoted(name)}"${file}${type}\r\n\r\n`
    },
    partEnd: '\r\n',
    formEnd: `--${boundary}--\r\n`,
  }
}

/** As browsers do it: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data */
function escapeQuoted(text: string): string {
  return text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
}
