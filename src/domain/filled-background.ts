import { SAVED_EXTENSION } from './saved-extension.ts'
import type { RequestedExtension } from './submission.ts'

/** Whether remove-bg may replace the background instead of removing it. The options of a saved extension are unknown. */
export function mayFillBackground(extensions: readonly RequestedExtension[]): boolean {
  return extensions.some(({ name, options }) => {
    if (name !== 'remove-bg') return name === SAVED_EXTENSION
    // `bg_color`, `bg_image_url`; ImageKit passes options on to the background removal service, which may support more.
    return typeof options === 'object' && options !== null && Object.keys(options).some(isOfBackground)
  })
}

function isOfBackground(option: string): boolean {
  return option.startsWith('bg_')
}
