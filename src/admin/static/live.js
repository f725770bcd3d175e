// What the pages do beyond HTML: boxes that are ticked, copying, and pages that update themselves. Everything can be read and
// done without it.

function offerCopying(within) {
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
  const place = document.getElementById('announce')
  if (place !== null) place.textContent = text
}

// Ticking.
function watchTicks() {
  const form = document.getElementById('bulk')
  if (form === null) return
  const boxes = [...form.querySelectorAll('input[name=runId]')]
  const head = form.querySelector('thead .tick')
  const all = document.createElement('input')
  all.type = 'checkbox'
  all.setAttribute('aria-label', 'Select all on this page')
  head.replaceChildren(all)

  const show = () => {
    const count = boxes.filter((box) => box.checked).length
    document.getElementById('ticked').textContent = String(count)
    all.checked = count === boxes.length
    all.indeterminate = count > 0 && count < boxes.length
    for (const button of form.querySelectorAll('[data-needs-ticked]')) button.disabled = count === 0
  }
  all.addEventListener('change', () => {
    for (const box of boxes) box.checked = all.checked
    show()
  })
  form.addEventListener('change', show)
  // A browser that goes back restores the boxes after the page was read.
  window.addEventListener('pageshow', show)
  show()
}

// Updating: the page is asked for again, and what is marked in it takes the place of what is here.
function isBusy(part) {
  const active = document.activeElement
  if (active === null || !part.contains(active)) return false
  return active.matches('input, textarea, select') && active.value !== ''
}

// As the service wrote them: what is shown may differ, for parts can be opened and offer copying.
const written = new Map()

function remember() {
  for (const part of document.querySelectorAll('[data-live]')) written.set(part.dataset.live, part.innerHTML)
}

function take(fresh) {
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`)
    // Nobody's words are taken away while they are written.
    if (next === null || isBusy(part)) continue
    const state = next.dataset.state
    if (state !== undefined && state !== part.dataset.state) announce(`Now: ${state}`)
    // What has not changed stays, with its focus and what is selected in it.
    if (written.get(part.dataset.live) === next.innerHTML) continue
    written.set(part.dataset.live, next.innerHTML)
    const focused = part.contains(document.activeElement) ? document.activeElement.id : ''
    const opened = [...part.querySelectorAll('details')].map((details) => details.open)
    const copy = document.importNode(next, true)
    part.replaceWith(copy)
    offerCopying(copy)
    for (const [index, details] of copy.querySelectorAll('details').entries())
      details.open = opened[index] === true
    if (focused !== '') document.getElementById(focused)?.focus()
  }
}

async function reload() {
  const answer = await fetch(location.href, { headers: { accept: 'text/html' } })
  // The session is over, or there is no such page any more: that is to be seen.
  if (answer.redirected || answer.status === 404) return location.reload()
  if (!answer.ok) return undefined
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html')
  document.title = fresh.title
  take(fresh)
  return fresh.getElementById('main')
}

const AFTER_TROUBLE_SECONDS = 5

function keepAsking(seconds) {
  const ask = async () => {
    const main = await reload().catch(() => undefined)
    if (main === undefined) return setTimeout(ask, AFTER_TROUBLE_SECONDS * 1000)
    if (main.dataset.refresh !== undefined) return setTimeout(ask, Number(main.dataset.refresh) * 1000)
    return follow(main)
  }
  setTimeout(ask, seconds * 1000)
}

function listen(address) {
  const source = new EventSource(address)
  let isAsking = false
  let isOwed = false
  const ask = async () => {
    isOwed = true
    if (isAsking) return
    isAsking = true
    while (isOwed) {
      isOwed = false
      const main = await reload().catch(() => undefined)
      if (main !== undefined && main.dataset.events === undefined) source.close()
    }
    isAsking = false
  }
  source.addEventListener('status', ask)
  // After an answer that is an error, as a proxy gives it while the service restarts, a browser does not ask again.
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) keepAsking(AFTER_TROUBLE_SECONDS)
  })
}

function follow(main) {
  const { events, refresh } = main.dataset
  if (events !== undefined) listen(events)
  else if (refresh !== undefined) keepAsking(Number(refresh))
}

// A page that the browser kept in memory still has the choices that were made before it was left.
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) for (const form of document.querySelectorAll('form.filter')) form.reset()
})

remember()
offerCopying(document)
watchTicks()
follow(document.getElementById('main'))
