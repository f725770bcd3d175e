/** `content` must be read to its end before the next part is requested. */
export type FormPart = {
  name: string
  fileName: string | undefined
  contentType: string | undefined
  content: AsyncIterable<Buffer>
}
