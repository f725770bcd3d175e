// Enhances the pages: selecting runs, copying, and live updates. Everything can be read and done without this script.

function enableCopyButtons(within) {
  for (const button of within.querySelectorAll('button[data-copy]')) {
    const source = document.getElementById(button.dataset.copy)
    if (source === null || !navigator.clipboard) continue
    button.hidden = false
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(source.textContent.trim())
      announce('Copied.')
      button.textContent = 'Copied'
    })
  }
}

function announce(text) {
  const liveRegion = document.getElementById('announce')
  if (liveRegion !== null) liveRegion.textContent = text
}

function enableSelection() {
  const form = document.getElementById('bulk')
  if (form === null) return
  const boxes = [...form.querySelectorAll('input[name=runId]')]
  const head = form.querySelector('thead .tick')
  const all = document.createElement('input')
  all.type = 'checkbox'
  all.setAttribute('aria-label', 'Select all on this page')
  head.replaceChildren(all)

  const showCount = () => {
    const count = boxes.filter((box) => box.checked).length
    document.getElementById('selected-count').textContent = String(count)
    all.checked = count === boxes.length
    all.indeterminate = count > 0 && count < boxes.length
    for (const button of form.querySelectorAll('[data-needs-selection]')) button.disabled = count === 0
  }
  all.addEventListener('change', () => {
    for (const box of boxes) box.checked = all.checked
    showCount()
  })
  form.addEventListener('change', showCount)
  // After Back, a browser restores the checkboxes only once the page has loaded.
  window.addEventListener('pageshow', showCount)
  showCount()
}

function isBeingEdited(part) {
  const active = document.activeElement
  if (active === null || !part.contains(active)) return false
  return active.matches('input, textarea, select') && active.value !== ''
}

// The HTML of each part as received. The DOM may differ, because details can be open and copy buttons enabled.
const receivedHtml = new Map()

function rememberHtml() {
  for (const part of document.querySelectorAll('[data-live]'))
    receivedHtml.set(part.dataset.live, part.innerHTML)
}

function updateParts(fresh) {
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`)
    // Don't discard text that the user is entering.
    if (next === null || isBeingEdited(part)) continue
    const state = next.dataset.state
    if (state !== undefined && state !== part.dataset.state) announce(`Now: ${state}`)
    // Unchanged parts keep their focus and text selection.
    if (receivedHtml.get(part.dataset.live) === next.innerHTML) continue
    receivedHtml.set(part.dataset.live, next.innerHTML)
    const focused = part.contains(document.activeElement) ? document.activeElement.id : ''
    const opened = [...part.querySelectorAll('details')].map((details) => details.open)
    const copy = document.importNode(next, true)
    part.replaceWith(copy)
    enableCopyButtons(copy)
    for (const [index, details] of copy.querySelectorAll('details').entries())
      details.open = opened[index] === true
    if (focused !== '') document.getElementById(focused)?.focus()
  }
}

// Fetches the page again and replaces the parts that are marked with data-live.
async function update() {
  const response = await fetch(location.href, { headers: { accept: 'text/html' } })
  // The session has ended or the page no longer exists. Reload, so that the user sees it.
  if (response.redirected || response.status === 404) return location.reload()
  if (!response.ok) return undefined
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html')
  document.title = fresh.title
  updateParts(fresh)
  return fresh.getElementById('main')
}

const RETRY_SECONDS = 5

function poll(seconds) {
  const updateAndContinue = async () => {
    const main = await update().catch(() => undefined)
    if (main === undefined) return setTimeout(updateAndContinue, RETRY_SECONDS * 1000)
    const { refresh } = main.dataset
    if (refresh !== undefined) return setTimeout(updateAndContinue, Number(refresh) * 1000)
    return follow(main)
  }
  setTimeout(updateAndContinue, seconds * 1000)
}

function subscribe(url) {
  const source = new EventSource(url)
  let isUpdating = false
  let isStale = false
  const updateUntilFresh = async () => {
    isStale = true
    if (isUpdating) return
    isUpdating = true
    while (isStale) {
      isStale = false
      const main = await update().catch(() => undefined)
      if (main !== undefined && main.dataset.events === undefined) source.close()
    }
    isUpdating = false
  }
  source.addEventListener('status', updateUntilFresh)
  // After an error response, for example from a proxy while the service restarts, a browser does not reconnect.
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) poll(RETRY_SECONDS)
  })
}

function follow(main) {
  const { events, refresh } = main.dataset
  if (events !== undefined) subscribe(events)
  else if (refresh !== undefined) poll(Number(refresh))
}

// A page from the browser's memory still has filter values that were entered but not applied.
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) for (const form of document.querySelectorAll('form.filter')) form.reset()
})

rememberHtml()
enableCopyButtons(document)
enableSelection()
follow(document.getElementById('main'))
