CREATE TABLE `notifications` (
	`run_seq` integer PRIMARY KEY NOT NULL,
	`notification_id` text NOT NULL,
	`target` text NOT NULL,
	`body` text,
	`attempt` integer NOT NULL,
	`created_at` integer NOT NULL,
	`due_at` integer,
	`result` text,
	`reason` text,
	FOREIGN KEY (`run_seq`) REFERENCES `runs`(`seq`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `notifications_notification_id_unique` ON `notifications` (`notification_id`);--> statement-breakpoint
CREATE INDEX `notifications_due` ON `notifications` (`due_at`) WHERE "notifications"."due_at" IS NOT NULL;--> statement-breakpoint
CREATE TABLE `refused_deliveries` (
	`seq` integer PRIMARY KEY NOT NULL,
	`delivery_id` text NOT NULL,
	`route` text NOT NULL,
	`received_at` integer NOT NULL,
	`cause` text NOT NULL,
	`token` text,
	`headers` text NOT NULL,
	`bytes` integer NOT NULL,
	`kept_bytes` integer NOT NULL,
	`body` blob NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `refused_deliveries_delivery_id_unique` ON `refused_deliveries` (`delivery_id`);--> statement-breakpoint
CREATE INDEX `refused_deliveries_sizes` ON `refused_deliveries` (`cause`,`kept_bytes`);--> statement-breakpoint
ALTER TABLE `deliveries` ADD `event_id` text;--> statement-breakpoint
ALTER TABLE `deliveries` ADD `unclaimed_request_id` text;--> statement-breakpoint
CREATE UNIQUE INDEX `deliveries_by_event` ON `deliveries` (`event_id`) WHERE "deliveries"."event_id" IS NOT NULL AND "deliveries"."outcome" <> 'duplicate';--> statement-breakpoint
CREATE INDEX `deliveries_unclaimed_uploads` ON `deliveries` (`unclaimed_request_id`) WHERE "deliveries"."unclaimed_request_id" IS NOT NULL;--> statement-breakpoint
ALTER TABLE `delivery_bodies` ADD `upload_answer` text;--> statement-breakpoint
ALTER TABLE `runs` ADD `due_at` integer;--> statement-breakpoint
ALTER TABLE `runs` ADD `evidence` text;--> statement-breakpoint
CREATE INDEX `runs_due` ON `runs` (`due_at`) WHERE "runs"."status" = 'pending';--> statement-breakpoint
ALTER TABLE `submissions` ADD `sets_description` integer DEFAULT true NOT NULL;--> statement-breakpoint
CREATE INDEX `submissions_unanswered` ON `submissions` (`request_id`) WHERE "submissions"."request_id" IS NOT NULL AND "submissions"."baseline" IS NULL;--> statement-breakpoint
UPDATE `runs` SET `due_at` = `requested_at` WHERE `status` = 'pending' AND `submission_seq` NOT IN (SELECT `seq` FROM `submissions` WHERE `state` = 'rejected');
