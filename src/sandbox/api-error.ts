type Status = 400 | 401 | 403 | 404 | 409

/** An error response of ImageKit: a status and `{ message, help }`; `details` are further fields of the body, such as `reason`. */
export class ApiError extends Error {
  readonly status: Status
  readonly details: Record<string, unknown>

  constructor(status: Status, message: string, details: Record<string, unknown> = {}) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.details = details
  }
}

export function badRequest(message: string, reason?: string): ApiError {
  return new ApiError(400, message, reason === undefined ? {} : { reason })
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
