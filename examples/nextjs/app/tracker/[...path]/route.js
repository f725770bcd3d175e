import { getTracker } from '../../../tracker.js'

async function handle(request) {
  const tracker = await getTracker()
  return tracker.fetch(request)
}

export {
  handle as DELETE,
  handle as GET,
  handle as HEAD,
  handle as OPTIONS,
  handle as PATCH,
  handle as POST,
  handle as PUT,
}
