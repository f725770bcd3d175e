/** How ImageKit refuses: a status and `{ message, help }`; an update with bad metadata adds `errors`. */
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

/** The wording ImageKit uses for a parameter that it cannot read. */
export function invalidParameter(name: string, detail?: string): ApiError {
  return badRequest(
    `Your request contains invalid ${name} parameter.${detail === undefined ? '' : ` ${detail}`}`,
  )
}

export function fileNotFound(): ApiError {
  return new ApiError(404, 'The requested file does not exist.')
}
