-- When the newest proof was signed that a session went on with: an older one is a copy that was late, and no second holder.

ALTER TABLE sessions ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0; -- by the device's own clock
