import { expect, test } from 'vitest'
import { connectionsFor } from '../../../src/http/server.ts'

// A quarter of the descriptors, but at most 256, is reserved for the database and for outgoing requests. The rest is for connections.
// Three quarters of the connections, but at most 20,000, may wait for a status.
test.each([
  { descriptors: 400, maxConnections: 300, waiting: 225 },
  { descriptors: 1024, maxConnections: 768, waiting: 576 },
  { descriptors: 20_000, maxConnections: 19_744, waiting: 14_808 },
  { descriptors: 1_048_576, maxConnections: 1_048_320, waiting: 20_000 },
  { descriptors: Infinity, maxConnections: Infinity, waiting: 20_000 },
])(
  'with $descriptors descriptors there are at most $maxConnections connections, of which at most $waiting may wait for a status',
  ({ descriptors, ...limits }) => {
    expect(connectionsFor(descriptors)).toEqual(limits)
  },
)
