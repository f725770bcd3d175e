CREATE TABLE `owner` (
	`id` integer PRIMARY KEY NOT NULL,
	`process_id` text NOT NULL
);
