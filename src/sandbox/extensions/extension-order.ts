import type { Scenario } from '../scenario.ts'
import type { ExtensionRequest } from './extension-request.ts'

/** The extensions that one upload or update asks for, and how they are to go. */
export type ExtensionOrder = {
  fileId: string
  extensions: readonly ExtensionRequest[]
  scenario: Scenario
  webhookUrl: string | undefined
}

/** `extensionStatus` of a response: by name, as things stand when the request is answered. */
export type ExtensionStatus = Record<string, 'success' | 'failed' | 'pending'>
