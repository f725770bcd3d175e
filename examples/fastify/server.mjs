// A Fastify app that contains the tracker.
import Fastify from 'fastify'
import { createTracker } from 'imagekit-extension-tracker'

const { PORT = '8080' } = process.env
const publicUrl = process.env.PUBLIC_URL ?? `http://127.0.0.1:${PORT}/tracker`

const tracker = createTracker({ ...process.env, PUBLIC_URL: publicUrl })
await tracker.start()

// Without it, an upload that takes longer than five minutes is ended.
const app = Fastify({ requestTimeout: 0 })
app.register(async (scope) => {
  // The tracker reads the bodies of its requests itself, so Fastify must not parse them.
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
  scope.all('/tracker/*', (request, reply) => {
    reply.hijack()
    tracker.handler(request.raw, reply.raw)
  })
})
app.get('/', async () => 'This is the app.')
// Before Fastify waits for requests to end: only the tracker ends the requests that wait for a status.
app.addHook('preClose', () => tracker.stop())

await app.listen({ port: Number(PORT), host: '127.0.0.1' })
console.log(`tracker at ${publicUrl}`)

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
