import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Agent, buildConnector, fetch } from 'undici'
import { isLoopbackHost } from '../../domain/loopback.ts'
import { isPublicAddress } from '../../domain/public-address.ts'
import { AddressNotAllowed, createTargetConnector } from '../../notify/target-guard.ts'
import { badRequest } from '../api-error.ts'

// ImageKit: "aborted if response headers are not received in 8 seconds".
const HEADERS_WITHIN_MS = 8000

export type Downloader = {
  /** Downloads a `file` given as a URL; whatever fails is the caller's fault, as ImageKit has it. */
  download(url: string, target: string): Promise<void>
  close(): Promise<void>
}

/**
 * Connects to public addresses and to the sandbox itself only, redirects included, or whoever can upload could read what only
 * this machine can reach.
 */
export function createDownloader(options: {
  allowPrivateUrls: boolean
  /** The addresses of the sandbox itself, as origins. */
  ownOrigins: () => readonly string[]
}): Downloader {
  const direct = buildConnector({ timeout: HEADERS_WITHIN_MS })
  const guarded = createTargetConnector({ timeoutMs: HEADERS_WITHIN_MS, isAllowed: isPublicAddress })
  const isOwn = (origin: string) =>
    options.ownOrigins().some((own) => plainOrigin(own) === plainOrigin(origin))
  const agent = new Agent({
    connect: (target, callback) => {
      const isFree =
        options.allowPrivateUrls || isOwn(`${target.protocol}//${target.host ?? target.hostname}`)
      return isFree ? direct(target, callback) : guarded(target, callback)
    },
  })
  return {
    close: () => agent.destroy(),
    async download(url, target) {
      const late = new AbortController()
      const timer = setTimeout(() => late.abort(), HEADERS_WITHIN_MS)
      try {
        const response = await fetch(url, { signal: late.signal, dispatcher: agent })
        clearTimeout(timer)
        if (!response.ok || response.body === null) throw cannotDownload()
        await pipeline(Readable.fromWeb(response.body), createWriteStream(target))
      } catch (error) {
        const isForbidden = error instanceof Error && error.cause instanceof AddressNotAllowed
        throw cannotDownload(isForbidden ? ` ${FORBIDDEN}` : '')
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

const FORBIDDEN =
  'The sandbox does not connect to private addresses; start it with --allow-private-urls if it should.'

/** Under every name of loopback the same port is the same server. */
function plainOrigin(origin: string): string {
  const url = new URL(origin)
  if (isLoopbackHost(url.hostname)) url.hostname = 'localhost'
  return url.origin
}

function cannotDownload(reason = '') {
  return badRequest(
    `Your request contains invalid file parameter. The file could not be downloaded from the URL.${reason}`,
  )
}
