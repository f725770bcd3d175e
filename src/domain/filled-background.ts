import { SAVED_EXTENSION } from './saved-extension.ts'
import type { RequestedExtension } from './submission.ts'

/** Whether remove-bg may put another background in the place of the old one; what a saved extension asks is not known. */
export function mayFillBackground(extensions: readonly RequestedExtension[]): boolean {
  return extensions.some(({ name, options }) => {
    if (name !== 'remove-bg') return name === SAVED_EXTENSION
    // `bg_color`, `bg_image_url`; they are handed on to the service behind it, which may know more of them.
    return typeof options === 'object' && options !== null && Object.keys(options).some(isOfBackground)
  })
}

function isOfBackground(option: string): boolean {
  return option.startsWith('bg_')
}
