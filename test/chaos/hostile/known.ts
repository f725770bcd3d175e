/** The ids and tokens that a legitimate caller knows. */
export type Known = { fileId: string; submissionId: string; webhookToken: string; statusToken: string }
