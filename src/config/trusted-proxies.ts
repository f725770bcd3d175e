import { BlockList, isIP } from 'node:net'
import type { Variables } from './variables.ts'

/** Reads `TRUSTED_PROXIES`: addresses and networks (`10.0.0.0/8`), comma-separated. */
export function parseTrustedProxies(variables: Variables): BlockList {
  const proxies = new BlockList()
  for (const entry of variables.list('TRUSTED_PROXIES')) {
    const [address = '', bits, ...rest] = entry.split('/')
    const family = isIP(address)
    const length = bits === undefined || /^\d{1,3}$/.test(bits) ? Number(bits ?? widthOf(family)) : -1
    if (family === 0 || rest.length > 0 || length < 0 || length > widthOf(family))
      variables.problem(
        'TRUSTED_PROXIES',
        `"${entry}" should be an address such as 10.0.0.1 or a network such as 10.0.0.0/8`,
      )
    else proxies.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6')
  }
  return proxies
}

function widthOf(family: number): number {
  return family === 4 ? 32 : 128
}
