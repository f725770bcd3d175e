// An Express app that contains the tracker.
import express from 'express'
import { createTracker } from 'imagekit-extension-tracker'

const { PORT = '8080' } = process.env
const publicUrl = process.env.PUBLIC_URL ?? `http://127.0.0.1:${PORT}/tracker`

const tracker = createTracker({ ...process.env, PUBLIC_URL: publicUrl })
await tracker.start()

const app = express()
// Before body parsers: the tracker reads the bodies of its requests itself.
app.use('/tracker', tracker.handler)
app.use(express.json())
app.get('/', (_request, response) => {
  response.send('This is the app.')
})

const server = app.listen(PORT, '127.0.0.1', (error) => {
  // Otherwise the process would go on without a server, for example because the port is taken.
  if (error) throw error
  console.log(`tracker at ${publicUrl}`)
})
// Otherwise Node ends an upload that takes longer than five minutes.
server.requestTimeout = 0

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, async () => {
    server.close()
    await tracker.stop()
  })
