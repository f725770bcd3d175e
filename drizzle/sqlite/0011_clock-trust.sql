CREATE TABLE `clock_trust` (
	`id` integer PRIMARY KEY NOT NULL,
	`trusted_at` integer NOT NULL,
	`doubted_ms` integer NOT NULL
);
