CREATE TABLE `deliveries` (
	`seq` integer PRIMARY KEY NOT NULL,
	`delivery_id` text NOT NULL,
	`route` text NOT NULL,
	`received_at` integer NOT NULL,
	`outcome` text NOT NULL,
	`cause` text,
	`signature` text NOT NULL,
	`submission_seq` integer,
	`missing_submission_id` text,
	`file_id` text,
	`service` text,
	`final_status` text,
	`unclaimed_error` text,
	FOREIGN KEY (`submission_seq`) REFERENCES `submissions`(`seq`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `deliveries_delivery_id_unique` ON `deliveries` (`delivery_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `deliveries_by_effect` ON `deliveries` (`submission_seq`,`service`,CASE WHEN "outcome" = 'applied' OR "outcome" = 'contradicted' THEN "final_status" END);--> statement-breakpoint
CREATE TABLE `delivery_bodies` (
	`delivery_seq` integer PRIMARY KEY NOT NULL,
	`headers` text NOT NULL,
	`body` blob NOT NULL,
	FOREIGN KEY (`delivery_seq`) REFERENCES `deliveries`(`seq`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `idempotency_keys` (
	`scope` text PRIMARY KEY NOT NULL,
	`claimed_at` integer NOT NULL,
	`fingerprint` text,
	`submission_seq` integer,
	`abandoned` integer NOT NULL,
	`answer` text,
	FOREIGN KEY (`submission_seq`) REFERENCES `submissions`(`seq`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `idempotency_keys_by_age` ON `idempotency_keys` (`claimed_at`);--> statement-breakpoint
CREATE INDEX `idempotency_keys_by_submission` ON `idempotency_keys` (`submission_seq`);--> statement-breakpoint
CREATE INDEX `idempotency_keys_unanswered` ON `idempotency_keys` (`scope`) WHERE "idempotency_keys"."answer" IS NULL;--> statement-breakpoint
CREATE TABLE `probes` (
	`seq` integer PRIMARY KEY NOT NULL,
	`filler` blob NOT NULL
);
--> statement-breakpoint
CREATE TABLE `runs` (
	`seq` integer PRIMARY KEY NOT NULL,
	`run_id` text NOT NULL,
	`submission_seq` integer NOT NULL,
	`name` text NOT NULL,
	`requested_as` text,
	`status` text NOT NULL,
	`source` text NOT NULL,
	`attempt` integer NOT NULL,
	`requested_at` integer NOT NULL,
	`settled_at` integer,
	`updated_at` integer NOT NULL,
	`error` text,
	`contradicted` integer NOT NULL,
	FOREIGN KEY (`submission_seq`) REFERENCES `submissions`(`seq`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `runs_run_id_unique` ON `runs` (`run_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `runs_by_submission` ON `runs` (`submission_seq`,`name`);--> statement-breakpoint
CREATE TABLE `submissions` (
	`seq` integer PRIMARY KEY NOT NULL,
	`submission_id` text NOT NULL,
	`kind` text NOT NULL,
	`state` text NOT NULL,
	`file_id` text,
	`file_name` text,
	`extensions` text NOT NULL,
	`caller_webhook_url` text,
	`key_name` text,
	`request_id` text,
	`error` text,
	`baseline` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `submissions_submission_id_unique` ON `submissions` (`submission_id`);--> statement-breakpoint
CREATE INDEX `submissions_by_file` ON `submissions` (`file_id`) WHERE "submissions"."file_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `submissions_under_way` ON `submissions` (`state`) WHERE "submissions"."state" = 'submitting';