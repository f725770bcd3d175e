/** What a caller who belongs here knows. */
export type Known = { fileId: string; submissionId: string; webhookToken: string; statusToken: string }
