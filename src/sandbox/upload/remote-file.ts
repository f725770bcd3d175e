import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Agent, buildConnector, fetch } from 'undici'
import { isLoopbackHost, isPublicAddress } from '../../domain/host-address.ts'
import { AddressNotAllowed, createTargetConnector } from '../../notifications/target-guard.ts'
import { badRequest } from '../api-error.ts'

// ImageKit's documentation: "aborted if response headers are not received in 8 seconds".
const HEADERS_TIMEOUT_MS = 8000

export type Downloader = {
  /** Downloads a `file` that is given as a URL. Like ImageKit, reports every failure as a bad request. */
  download(url: string, target: string): Promise<void>
  close(): Promise<void>
}

/**
 * Unless `allowPrivateUrls` is true, the downloader connects only to public addresses and to the sandbox itself, even after
 * redirects: otherwise anyone who can upload could read from servers that only this machine can reach.
 */
export function createDownloader(options: {
  allowPrivateUrls: boolean
  /** The origins of the sandbox itself. */
  ownOrigins: () => readonly string[]
}): Downloader {
  const direct = buildConnector({ timeout: HEADERS_TIMEOUT_MS })
  const guarded = createTargetConnector({ timeoutMs: HEADERS_TIMEOUT_MS, isAllowed: isPublicAddress })
  const isOwn = (origin: string) =>
    options.ownOrigins().some((own) => normalizeOrigin(own) === normalizeOrigin(origin))
  const agent = new Agent({
    connect: (target, callback) => {
      const isUnrestricted =
        options.allowPrivateUrls || isOwn(`${target.protocol}//${target.host ?? target.hostname}`)
      return isUnrestricted ? direct(target, callback) : guarded(target, callback)
    },
  })
  return {
    close: () => agent.destroy(),
    async download(url, target) {
      const headersTimeout = new AbortController()
      const timer = setTimeout(() => headersTimeout.abort(), HEADERS_TIMEOUT_MS)
      try {
        const response = await fetch(url, { signal: headersTimeout.signal, dispatcher: agent })
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

/** Gives all loopback hosts the same name: with the same protocol and port, they are the same server. */
function normalizeOrigin(origin: string): string {
  const url = new URL(origin)
  if (isLoopbackHost(url.hostname)) url.hostname = 'localhost'
  return url.origin
}

function cannotDownload(reason = '') {
  return badRequest(
    `Your request contains invalid file parameter. The file could not be downloaded from the URL.${reason}`,
  )
}
