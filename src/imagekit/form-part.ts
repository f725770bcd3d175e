/** `content` has to be read to its end before the next part is asked for. */
export type FormPart = {
  name: string
  fileName: string | undefined
  contentType: string | undefined
  content: AsyncIterable<Buffer>
}
