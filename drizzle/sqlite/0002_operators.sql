CREATE TABLE `acts` (
	`seq` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`actor` text NOT NULL,
	`kind` text NOT NULL,
	`subject` text,
	`reason` text,
	`details` text
);
--> statement-breakpoint
CREATE INDEX `acts_by_subject` ON `acts` (`subject`);--> statement-breakpoint
CREATE TABLE `forgotten` (
	`digest` blob PRIMARY KEY NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `retries` (
	`seq` integer PRIMARY KEY NOT NULL,
	`retry_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`actor` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `retries_retry_id_unique` ON `retries` (`retry_id`);--> statement-breakpoint
CREATE TABLE `retry_items` (
	`seq` integer PRIMARY KEY NOT NULL,
	`retry_seq` integer NOT NULL,
	`run_seq` integer NOT NULL,
	`state` text NOT NULL,
	`submission_seq` integer,
	`reason` text,
	FOREIGN KEY (`retry_seq`) REFERENCES `retries`(`seq`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`run_seq`) REFERENCES `runs`(`seq`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`submission_seq`) REFERENCES `submissions`(`seq`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE INDEX `retry_items_by_retry` ON `retry_items` (`retry_seq`,`state`);--> statement-breakpoint
CREATE INDEX `retry_items_waiting` ON `retry_items` (`state`) WHERE "retry_items"."state" = 'waiting';--> statement-breakpoint
CREATE INDEX `retry_items_under_way` ON `retry_items` (`state`) WHERE "retry_items"."state" = 'submitting';--> statement-breakpoint
CREATE INDEX `retry_items_by_run` ON `retry_items` (`run_seq`);--> statement-breakpoint
CREATE INDEX `retry_items_by_submission` ON `retry_items` (`submission_seq`) WHERE "retry_items"."submission_seq" IS NOT NULL;--> statement-breakpoint
CREATE TABLE `run_blocks` (
	`block` integer PRIMARY KEY NOT NULL,
	`least_at` integer NOT NULL,
	`greatest_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `run_groups` (
	`group_id` integer PRIMARY KEY NOT NULL,
	`extension` text NOT NULL,
	`status` text NOT NULL,
	`acknowledged` integer NOT NULL,
	`cause` text NOT NULL,
	`size` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `run_groups_by_kind` ON `run_groups` (`extension`,`status`,`acknowledged`,`cause`);--> statement-breakpoint
CREATE TABLE `tallies` (
	`kind` text NOT NULL,
	`hours` integer NOT NULL,
	`start` integer NOT NULL,
	`value` text NOT NULL,
	`extension` text NOT NULL,
	`size` integer NOT NULL,
	PRIMARY KEY(`kind`, `hours`, `start`, `value`, `extension`)
) WITHOUT ROWID;
--> statement-breakpoint
ALTER TABLE `runs` ADD `acknowledged_at` integer;--> statement-breakpoint
ALTER TABLE `runs` ADD `group_id` integer REFERENCES run_groups(group_id);--> statement-breakpoint
CREATE INDEX `runs_by_group` ON `runs` (`group_id`) WHERE "runs"."group_id" IS NOT NULL;--> statement-breakpoint
ALTER TABLE `submissions` ADD `answered_at` integer;--> statement-breakpoint
CREATE INDEX `submissions_by_name` ON `submissions` (file_name COLLATE NOCASE) WHERE "submissions"."file_name" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `deliveries_by_outcome` ON `deliveries` (`outcome`) WHERE "deliveries"."outcome" <> 'applied';--> statement-breakpoint
CREATE INDEX `deliveries_of_files` ON `deliveries` (`file_id`) WHERE "deliveries"."submission_seq" IS NULL OR "deliveries"."outcome" = 'ignored';