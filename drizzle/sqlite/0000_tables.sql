CREATE TABLE `alerts` (
	`kind` text NOT NULL,
	`extension` text NOT NULL,
	`alert_id` text NOT NULL,
	`state` text NOT NULL,
	`since` integer NOT NULL,
	`passed_at` integer NOT NULL,
	`resolved_at` integer,
	`value` integer NOT NULL,
	`is_reported` integer NOT NULL,
	PRIMARY KEY(`kind`, `extension`)
);
--> statement-breakpoint
CREATE TABLE `audit_log` (
	`n` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`actor` text NOT NULL,
	`kind` text NOT NULL,
	`subject` text,
	`reason` text,
	`details` text
);
--> statement-breakpoint
CREATE INDEX `audit_log_subject` ON `audit_log` (`subject`);--> statement-breakpoint
CREATE TABLE `counter_deltas` (
	`n` integer PRIMARY KEY NOT NULL,
	`delta` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `counters` (
	`hour` integer NOT NULL,
	`kind` text NOT NULL,
	`extension` text NOT NULL,
	`value` text NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`kind`, `hour`, `value`, `extension`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `current_runs` (
	`file_id` text NOT NULL,
	`name` text NOT NULL,
	`run` integer NOT NULL,
	PRIMARY KEY(`file_id`, `name`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `day_counters` (
	`day` integer NOT NULL,
	`kind` text NOT NULL,
	`extension` text NOT NULL,
	`value` text NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`kind`, `day`, `value`, `extension`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `deliveries` (
	`n` integer PRIMARY KEY NOT NULL,
	`chk` text NOT NULL,
	`route` integer NOT NULL,
	`received_at` integer NOT NULL,
	`signature` integer NOT NULL,
	`outcome` integer NOT NULL,
	`run` integer,
	`service` text,
	`exception` integer,
	`submission` integer,
	`cause` text,
	`final_status` integer,
	`file_id` text,
	`event_id` text,
	`request_id` text,
	`unclaimed` text
);
--> statement-breakpoint
CREATE INDEX `deliveries_exception` ON `deliveries` (`exception`,`n`) WHERE "exception" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `deliveries_submission` ON `deliveries` (`submission`,`n`) WHERE "submission" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `deliveries_file` ON `deliveries` (`file_id`,`n`) WHERE "file_id" IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `deliveries_event` ON `deliveries` (`event_id`) WHERE "event_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `deliveries_request` ON `deliveries` (`request_id`) WHERE "request_id" IS NOT NULL;--> statement-breakpoint
CREATE TABLE `delivery_bodies` (
	`n` integer PRIMARY KEY NOT NULL,
	`headers` text NOT NULL,
	`body` blob NOT NULL
);
--> statement-breakpoint
CREATE TABLE `ended_sessions` (
	`session_id` text PRIMARY KEY NOT NULL,
	`ends_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `ended_sessions_end` ON `ended_sessions` (`ends_at`);--> statement-breakpoint
CREATE TABLE `forgotten` (
	`digest` blob PRIMARY KEY NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `hours` (
	`hour` integer PRIMARY KEY NOT NULL,
	`first_run` integer,
	`last_run` integer,
	`first_delivery` integer,
	`last_delivery` integer
);
--> statement-breakpoint
CREATE TABLE `idempotency_keys` (
	`scope` text PRIMARY KEY NOT NULL,
	`nonce` text NOT NULL,
	`claimed_at` integer NOT NULL,
	`fingerprint` text,
	`submission` integer,
	`abandoned` integer NOT NULL,
	`owner` integer NOT NULL,
	`response` text
);
--> statement-breakpoint
CREATE INDEX `idempotency_keys_age` ON `idempotency_keys` (`claimed_at`);--> statement-breakpoint
CREATE INDEX `idempotency_keys_submission` ON `idempotency_keys` (`submission`) WHERE "submission" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `idempotency_keys_in_progress` ON `idempotency_keys` (`scope`) WHERE "response" IS NULL;--> statement-breakpoint
CREATE TABLE `leases` (
	`name` text PRIMARY KEY NOT NULL,
	`holder` integer NOT NULL,
	`epoch` integer NOT NULL,
	`ends_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `notifications` (
	`n` integer PRIMARY KEY NOT NULL,
	`target` text NOT NULL,
	`host` text NOT NULL,
	`body` text,
	`attempt` integer NOT NULL,
	`created_at` integer NOT NULL,
	`due_at` integer,
	`result` text,
	`reason` text,
	`attempts` text
);
--> statement-breakpoint
CREATE INDEX `notifications_due` ON `notifications` (`host`,`due_at`) WHERE "due_at" IS NOT NULL;--> statement-breakpoint
CREATE TABLE `metadata` (
	`name` text PRIMARY KEY NOT NULL,
	`value` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `probes` (
	`n` integer PRIMARY KEY NOT NULL,
	`filler` blob NOT NULL
);
--> statement-breakpoint
CREATE TABLE `processes` (
	`id` integer PRIMARY KEY NOT NULL,
	`heartbeat_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `rejected_deliveries` (
	`n` integer PRIMARY KEY NOT NULL,
	`chk` text NOT NULL,
	`route` integer NOT NULL,
	`received_at` integer NOT NULL,
	`cause` text NOT NULL,
	`proven` integer NOT NULL,
	`submission_id` text,
	`file_id` text,
	`token` text,
	`bytes` integer NOT NULL,
	`stored_bytes` integer NOT NULL,
	`headers` text NOT NULL,
	`body` blob NOT NULL
);
--> statement-breakpoint
CREATE INDEX `rejected_deliveries_proven` ON `rejected_deliveries` (`proven`,`n`,`stored_bytes`);--> statement-breakpoint
CREATE INDEX `rejected_deliveries_time` ON `rejected_deliveries` (`received_at`,`cause`);--> statement-breakpoint
CREATE TABLE `retries` (
	`n` integer PRIMARY KEY NOT NULL,
	`retry_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`actor` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `retries_retry_id_unique` ON `retries` (`retry_id`);--> statement-breakpoint
CREATE TABLE `retry_items` (
	`n` integer PRIMARY KEY NOT NULL,
	`retry` integer NOT NULL,
	`run` integer NOT NULL,
	`state` text NOT NULL,
	`submission` integer,
	`owner` integer,
	`reason` text
);
--> statement-breakpoint
CREATE INDEX `retry_items_retry` ON `retry_items` (`retry`,`state`);--> statement-breakpoint
CREATE INDEX `retry_items_waiting` ON `retry_items` (`n`) WHERE "state" = 'waiting';--> statement-breakpoint
CREATE INDEX `retry_items_submitting` ON `retry_items` (`n`) WHERE "state" = 'submitting';--> statement-breakpoint
CREATE INDEX `retry_items_run` ON `retry_items` (`run`);--> statement-breakpoint
CREATE INDEX `retry_items_submission` ON `retry_items` (`submission`) WHERE "submission" IS NOT NULL;--> statement-breakpoint
CREATE TABLE `runs` (
	`n` integer PRIMARY KEY NOT NULL,
	`chk` text NOT NULL,
	`submission` integer NOT NULL,
	`name` text NOT NULL,
	`requested_as` text,
	`attempt` integer NOT NULL,
	`requested_at` integer NOT NULL,
	`status` integer NOT NULL,
	`source` integer NOT NULL,
	`settled_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`settled_by` integer NOT NULL,
	`bound_to` text NOT NULL,
	`notifies_caller` integer,
	`hidden` integer,
	`due_at` integer,
	`overdue` integer,
	`attention` integer,
	`cause` text,
	`failed_at` integer,
	`acknowledged_at` integer,
	`contradicted` integer,
	`error` text,
	`evidence` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `runs_submission` ON `runs` (`submission`,`name`);--> statement-breakpoint
CREATE INDEX `runs_name` ON `runs` (`name`,`n`);--> statement-breakpoint
CREATE INDEX `runs_due` ON `runs` (`due_at`) WHERE "due_at" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `runs_overdue` ON `runs` (`n`) WHERE "overdue" = 1;--> statement-breakpoint
CREATE INDEX `runs_attention` ON `runs` (`attention`,`n`,`name`,`cause`,`acknowledged_at`) WHERE "attention" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `runs_failed` ON `runs` (`name`,`failed_at`) WHERE "failed_at" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `runs_acknowledged` ON `runs` (`n`) WHERE "acknowledged_at" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `runs_contradicted` ON `runs` (`n`) WHERE "contradicted" = 1;--> statement-breakpoint
CREATE TABLE `sign_in_failures` (
	`name` text PRIMARY KEY NOT NULL,
	`times` text NOT NULL,
	`latest_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `sign_in_failures_latest` ON `sign_in_failures` (`latest_at`);--> statement-breakpoint
CREATE TABLE `submissions` (
	`n` integer PRIMARY KEY NOT NULL,
	`chk` text NOT NULL,
	`kind` integer NOT NULL,
	`state` integer NOT NULL,
	`owner` integer,
	`file_id` text,
	`file_name` text,
	`request_id` text,
	`caller_url` text,
	`key_name` text,
	`sets_description` integer NOT NULL,
	`created_at` integer NOT NULL,
	`responded_at` integer,
	`updated_at` integer NOT NULL,
	`error` text,
	`extensions` text NOT NULL,
	`baseline` text
);
--> statement-breakpoint
CREATE INDEX `submissions_file` ON `submissions` (`file_id`,`n`) WHERE "file_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `submissions_name` ON `submissions` ("file_name" COLLATE NOCASE) WHERE "file_name" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `submissions_request` ON `submissions` (`request_id`) WHERE "request_id" IS NOT NULL AND "baseline" IS NULL;--> statement-breakpoint
CREATE INDEX `submissions_owner` ON `submissions` (`owner`) WHERE "owner" IS NOT NULL;