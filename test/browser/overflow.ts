import type { Page } from 'playwright-core'

export const NARROW = { width: 360, height: 740 }
export const WIDE = { width: 1280, height: 800 }

/** Lists elements beyond the right edge of the window, cut off or scrollable. Excludes text for screen readers. */
export function listOverflow(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const root = document.documentElement
    const isClipped = (element) =>
      element !== null && (getComputedStyle(element).clipPath !== 'none' || isClipped(element.parentElement))
    const found = [...document.body.querySelectorAll('*')].filter((element) => {
      const { width, right } = element.getBoundingClientRect()
      return width > 1 && right > root.clientWidth + 0.5 && !isClipped(element)
    })
    const texts = found.map(({ outerHTML }) => outerHTML.slice(0, 120))
    return root.scrollWidth > root.clientWidth ? ['the window', ...texts] : texts
  })()`)
}
