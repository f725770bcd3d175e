// Receives the tracker's notifications, and verifies them with the client library.
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { verifyNotification } from 'imagekit-extension-tracker/client'

const received = new Set()

const server = createServer(async (request, response) => {
  let payload
  try {
    // The raw body: parsing and serialising it again would change what was signed. Reading it fails if the sender disconnects.
    payload = await verifyNotification(
      await text(request),
      request.headers,
      process.env.TRACKER_WEBHOOK_SECRET,
    )
  } catch (error) {
    console.log('rejected', error.message)
    response.writeHead(401).end()
    return
  }
  // A notification may arrive more than once, always with the same id. Use your database here.
  const id = request.headers['webhook-id']
  if (!received.has(id)) {
    received.add(id)
    const { service, status, fileId = payload.fileObject.fileId } = payload
    console.log(service, status, fileId)
  }
  response.writeHead(204).end()
})
server.listen(process.env.PORT ?? 4000, '127.0.0.1', () =>
  console.log(`webhookUrl http://127.0.0.1:${server.address().port}/`),
)
