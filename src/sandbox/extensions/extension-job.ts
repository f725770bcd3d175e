import type { Scenario } from '../scenario.ts'
import type { ExtensionRequest } from './extension-request.ts'

/** The extensions that one upload or update requests, and the scenario for them. */
export type ExtensionJob = {
  fileId: string
  extensions: readonly ExtensionRequest[]
  scenario: Scenario
  webhookUrl: string | undefined
}

/** `extensionStatus` of a response: the status of each extension, by name, at the time of the response. */
export type ExtensionStatus = Record<string, 'success' | 'failed' | 'pending'>
