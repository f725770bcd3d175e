CREATE TABLE `current_runs` (
	`file_id` text NOT NULL,
	`name` text NOT NULL,
	`run_seq` integer NOT NULL,
	PRIMARY KEY(`file_id`, `name`)
);
--> statement-breakpoint
INSERT INTO `current_runs` SELECT s.`file_id`, r.`name`, r.`seq` FROM `runs` r JOIN `submissions` s ON s.`seq` = r.`submission_seq`
WHERE s.`file_id` IS NOT NULL AND s.`state` <> 'rejected' AND NOT EXISTS (
  SELECT 1 FROM `submissions` s2 JOIN `runs` r2 ON r2.`submission_seq` = s2.`seq`
  WHERE s2.`file_id` = s.`file_id` AND s2.`state` <> 'rejected' AND s2.`seq` > s.`seq`
  AND (r2.`name` = r.`name` OR r2.`requested_as` = r.`name`)
);
