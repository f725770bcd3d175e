import { createRequire } from 'node:module'
import { onTestFinished } from 'vitest'

type UploadResult = Record<string, unknown> & { fileId: string; url: string; tags: string[] }

/** The methods of version 6 of ImageKit's SDK that the tests call, with the types that they need. */
type Client = {
  upload(options: object): Promise<UploadResult & { $ResponseMetadata: { headers: Record<string, string> } }>
  getFileDetails(fileId: string): Promise<unknown>
  getFileVersions(fileId: string): Promise<unknown>
  listFiles(options: object): Promise<unknown>
  updateFileDetails(fileId: string, changes: object): Promise<unknown>
  deleteFile(fileId: string): Promise<unknown>
}

type Axios = {
  interceptors: {
    request: {
      use(change: (config: { url: string; headers: Record<string, string> }) => object): number
      clear(): void
    }
  }
}

const load = createRequire(import.meta.url)
const ImageKit: new (options: object) => Client = load('imagekit')

// The axios instance that the SDK uses. The SDK has no option for the host of the API, so an interceptor has to replace it.
const axios: Axios = createRequire(load.resolve('imagekit'))('axios')

/**
 * A client that sends every request to `url`, with these headers, until the test ends. Use one at a time: a second client redirects the
 * requests of the first, except uploads, and both send the headers of both.
 */
export function clientV6(url: string, privateKey: string, headers: Record<string, string> = {}): Client {
  axios.interceptors.request.use((config) => {
    config.url = config.url.replace('https://api.imagekit.io', url)
    Object.assign(config.headers, headers)
    return config
  })
  onTestFinished(() => axios.interceptors.request.clear())
  const uploadEndpoint = `${url}/api/v1/files/upload`
  return new ImageKit({ publicKey: 'public', privateKey, urlEndpoint: url, uploadEndpoint })
}
