/** An error response of ImageKit: a status and `{ message, help }`, with `errors` after an update with invalid metadata. */
export class ApiError extends Error {
  readonly status: 400 | 401 | 403 | 404
  readonly errors: Record<string, unknown> | undefined

  constructor(status: 400 | 401 | 403 | 404, message: string, errors?: Record<string, unknown>) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.errors = errors
  }
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, message)
}

/** ImageKit's wording for a parameter with an invalid value. */
export function invalidParameter(name: string, detail?: string): ApiError {
  return badRequest(
    `Your request contains invalid ${name} parameter.${detail === undefined ? '' : ` ${detail}`}`,
  )
}

export function fileNotFound(): ApiError {
  return new ApiError(404, 'The requested file does not exist.')
}
