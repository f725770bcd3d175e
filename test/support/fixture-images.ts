import { readFileSync } from 'node:fs'

/** Reads a file of `test/fixtures/images`. `shirt.jpg` and `shirt.png` are 240 x 160 pixels, red on white. */
export function imageBytes(name: string): Buffer<ArrayBuffer> {
  return Buffer.from(readFileSync(new URL(`../fixtures/images/${name}`, import.meta.url)))
}

/** Like `imageBytes`, as a `File` to put into a form. */
export function imageFile(name: string): File {
  return new File([imageBytes(name)], name)
}
