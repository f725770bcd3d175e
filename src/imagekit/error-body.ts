/** An error in the shape that ImageKit's SDKs read. `help` says that it is not from ImageKit. */
export function errorBody(message: string): { message: string; help: string } {
  return { message, help: 'This response is from the extension tracker, not from ImageKit.' }
}
