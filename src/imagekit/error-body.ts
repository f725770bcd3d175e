/** An error in ImageKit's shape, which its SDKs read. `help` tells that it is not ImageKit's. */
export function errorBody(message: string): { message: string; help: string } {
  return { message, help: 'This is the answer of the extension tracker, not of ImageKit.' }
}
