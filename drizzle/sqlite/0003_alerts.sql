CREATE TABLE `alerts` (
	`kind` text NOT NULL,
	`extension` text NOT NULL,
	`alert_id` text NOT NULL,
	`state` text NOT NULL,
	`since` integer NOT NULL,
	`passed_at` integer NOT NULL,
	`resolved_at` integer,
	`value` integer NOT NULL,
	`is_told` integer NOT NULL,
	PRIMARY KEY(`kind`, `extension`)
);
--> statement-breakpoint
DROP INDEX `notifications_due`;--> statement-breakpoint
ALTER TABLE `notifications` ADD `host` text DEFAULT '-' NOT NULL;--> statement-breakpoint
CREATE INDEX `notifications_due` ON `notifications` (`host`,`due_at`) WHERE "notifications"."due_at" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `runs_failed` ON `runs` (`name`,`settled_at`) WHERE "runs"."status" = 'failed' AND "runs"."group_id" IS NOT NULL;