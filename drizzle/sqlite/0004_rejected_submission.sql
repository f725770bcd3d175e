ALTER TABLE `refused_deliveries` ADD `submission_id` text;--> statement-breakpoint
CREATE INDEX `refused_deliveries_by_time` ON `refused_deliveries` (`received_at`,`cause`);--> statement-breakpoint
ALTER TABLE `deliveries` DROP COLUMN `missing_submission_id`;