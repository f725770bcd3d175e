import { type BlockList, isIP, isIPv4 } from 'node:net'
import type { AppContext } from './app-env.ts'

/**
 * The client's address. Each proxy appends the address of its own client to `X-Forwarded-For`. The list is read from the end,
 * for as long as the writer of an entry is trusted; earlier entries may be forged.
 */
export function clientAddress(c: AppContext, trusted: BlockList): string {
  const { socket, headers } = c.env.incoming
  const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
  let address = plain(socket.remoteAddress ?? '')
  for (const entry of forwarded.toReversed()) {
    const previous = plain(entry.trim())
    if (!isTrusted(trusted, address) || isIP(previous) === 0) return address
    address = previous
  }
  return address
}

/** An IPv4 address may arrive mapped into IPv6, as `::ffff:192.0.2.1`. */
function plain(address: string): string {
  const mapped = address.replace(/^::ffff:/i, '')
  return isIPv4(mapped) ? mapped : address
}

function isTrusted(trusted: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && trusted.check(address, family === 4 ? 'ipv4' : 'ipv6')
}
