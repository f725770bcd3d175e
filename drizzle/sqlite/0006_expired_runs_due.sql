DROP INDEX `runs_due`;--> statement-breakpoint
CREATE INDEX `runs_due` ON `runs` (`due_at`) WHERE ("runs"."status" = 'pending' OR "runs"."status" = 'expired') AND "runs"."due_at" IS NOT NULL;