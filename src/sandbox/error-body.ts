import type { ApiError } from './api-error.ts'

const HELP = 'For support kindly contact us at support@imagekit.io.'

/** The body of every error response. */
export type ErrorBody = { message: string; help: string; errors?: Record<string, unknown> }

export function errorBody(message: string): ErrorBody {
  return { message, help: HELP }
}

export function apiErrorBody(error: ApiError): ErrorBody {
  const body = errorBody(error.message)
  return error.errors === undefined ? body : { ...body, errors: error.errors }
}
