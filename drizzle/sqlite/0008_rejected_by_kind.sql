DROP INDEX `refused_deliveries_sizes`;--> statement-breakpoint
CREATE INDEX `refused_deliveries_by_kind` ON `refused_deliveries` ("submission_id" IS NULL,`seq`,`kept_bytes`);