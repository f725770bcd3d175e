import { createClient } from 'imagekit-extension-tracker/client'

const form = document.querySelector('form')
const message = document.querySelector('[role=status]')
const list = document.querySelector('ul')

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  list.replaceChildren()
  try {
    const asset = await upload(new FormData(form))
    show(`Done: ${asset.status}`)
    for (const { name, status } of asset.extensions) {
      const item = document.createElement('li')
      item.textContent = `${name}: ${status}`
      list.append(item)
    }
  } catch (error) {
    show(`Failed: ${error.message}`)
  }
})

async function upload(data) {
  const fileName = data.get('file').name
  show('Registering …')
  const prepared = await fetch(`/uploads?${new URLSearchParams({ fileName })}`, { method: 'POST' })
  if (!prepared.ok) throw new Error(`the server responded with ${prepared.status}`)
  const { submissionId, statusUrl, uploadUrl, fields } = await prepared.json()

  show('Uploading to ImageKit …')
  data.set('fileName', fileName)
  for (const [name, value] of Object.entries(fields)) data.set(name, value)
  const response = await fetch(uploadUrl, { method: 'POST', body: data })

  // Pass ImageKit's response on, also if it is an error. The token in `statusUrl` allows that, for this upload only.
  const [url] = statusUrl.split('/submissions/')
  const tracker = createClient({ url, token: new URL(statusUrl).searchParams.get('token') })
  await tracker.reportResponse(submissionId, await response.json())

  show('Waiting for the extensions …')
  return tracker.waitFor(statusUrl)
}

function show(text) {
  message.textContent = text
}
