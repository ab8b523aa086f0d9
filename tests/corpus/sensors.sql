-- Measurements: time buckets, gaps, thresholds, running values, statistics.

-- name: silver.good_readings class: linear
SELECT r.reading_id, r.sensor, r.metric, r.value, r.read_at, s.site, s.kind, s.lo, s.hi, r.value NOT BETWEEN s.lo AND s.hi AS is_outside
FROM bronze.readings r JOIN bronze.sensors s ON s.sensor = r.sensor
WHERE r.quality > 0 AND r.value IS NOT NULL

-- name: gold.hourly class: algebraic
SELECT sensor, metric, date_trunc('hour', read_at) AS hour, count(value) AS n, avg(value) AS mean, min(value) AS low, max(value) AS high
FROM bronze.readings
GROUP BY sensor, metric, hour

-- name: gold.quarter_hours class: algebraic
SELECT time_bucket(INTERVAL '15 minutes', read_at) AS bucket, metric, avg(value) AS mean, count(*) AS n FROM bronze.readings GROUP BY ALL

-- name: gold.six_hour_bins class: algebraic
SELECT date_trunc('day', read_at) + to_hours(CAST(hour(read_at) // 6 * 6 AS INTEGER)) AS bin, avg(value) FILTER (WHERE metric = 'temperature') AS temperature, avg(value) FILTER (WHERE metric = 'humidity') AS humidity
FROM bronze.readings
GROUP BY 1

-- name: gold.spread_by_sensor class: algebraic
SELECT sensor, stddev_samp(value) AS deviation, var_pop(value) AS variance, max(value) - min(value) AS range, avg(value) AS mean, count(*) - count(value) AS missing
FROM bronze.readings
WHERE metric = 'temperature'
GROUP BY sensor

-- name: gold.latest_reading class: keyed
SELECT sensor, metric, value, read_at FROM bronze.readings WHERE value IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY sensor, metric ORDER BY read_at DESC, reading_id DESC) = 1

-- name: gold.latest_and_previous class: keyed
SELECT sensor, value, read_at, row_number() OVER (PARTITION BY sensor ORDER BY read_at DESC, reading_id DESC) AS age
FROM bronze.readings
QUALIFY row_number() OVER (PARTITION BY sensor ORDER BY read_at DESC, reading_id DESC) <= 2

-- name: gold.latest_values_pivoted class: algebraic
SELECT sensor, arg_max(value, read_at) FILTER (WHERE metric = 'temperature') AS temperature, arg_max(value, read_at) FILTER (WHERE metric = 'humidity') AS humidity,
       arg_max(value, read_at) FILTER (WHERE metric = 'power') AS power, max(read_at) AS seen
FROM bronze.readings
GROUP BY sensor

-- name: gold.outside_limits class: distributive
SELECT sensor, site, count(*) AS readings, count_if(is_outside) AS outside, count_if(is_outside) / count(*) AS share FROM silver.good_readings GROUP BY sensor, site

-- name: gold.alarms class: linear
SELECT reading_id, sensor, value, CASE WHEN value < lo THEN 'low' ELSE 'high' END AS alarm, read_at FROM silver.good_readings WHERE is_outside

-- name: gold.alarms_a_day class: distributive
SELECT CAST(read_at AS DATE) AS day, sensor, count(*) AS alarms FROM silver.good_readings WHERE is_outside GROUP BY 1, 2 HAVING count(*) >= 2

-- name: gold.gaps class: read_time
SELECT sensor, before, read_at, read_at - before AS gap
FROM (SELECT sensor, read_at, lag(read_at) OVER (PARTITION BY sensor ORDER BY read_at, reading_id) AS before FROM bronze.readings)
WHERE read_at - before > INTERVAL 4 HOURS

-- name: gold.islands class: read_time
WITH flagged AS (
  SELECT sensor, reading_id, read_at, value > 25 AS is_hot FROM bronze.readings WHERE metric = 'temperature' AND value IS NOT NULL
), islands AS (
  SELECT *, row_number() OVER (PARTITION BY sensor ORDER BY read_at, reading_id) - row_number() OVER (PARTITION BY sensor, is_hot ORDER BY read_at, reading_id) AS island FROM flagged
)
SELECT sensor, island, min(read_at) AS began, max(read_at) AS ended, count(*) AS readings
FROM islands WHERE is_hot GROUP BY sensor, island

-- name: gold.moving_average class: read_time
SELECT sensor, reading_id, read_at, avg(value) OVER (PARTITION BY sensor, metric ORDER BY read_at, reading_id ROWS BETWEEN 4 PRECEDING AND CURRENT ROW) AS smooth
FROM bronze.readings

-- name: gold.changes class: read_time
SELECT sensor, reading_id, value, value - lag(value) OVER (PARTITION BY sensor, metric ORDER BY read_at, reading_id) AS change FROM bronze.readings WHERE value IS NOT NULL

-- name: gold.daily_mean_smoothed class: algebraic
WITH daily AS (SELECT sensor, CAST(read_at AS DATE) AS day, avg(value) AS mean FROM bronze.readings WHERE metric = 'temperature' GROUP BY 1, 2)
SELECT sensor, day, mean, avg(mean) OVER (PARTITION BY sensor ORDER BY day ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS smooth
FROM daily

-- name: gold.hour_of_day_profile class: algebraic
SELECT extract(hour FROM read_at) AS hour, metric, avg(value) AS mean, stddev(value) AS deviation FROM bronze.readings GROUP BY 1, 2 ORDER BY 2, 1

-- name: gold.outliers class: read_time
WITH limits AS (SELECT metric, avg(value) AS mean, stddev_samp(value) AS deviation FROM bronze.readings GROUP BY metric)
SELECT r.reading_id, r.sensor, r.value FROM bronze.readings r JOIN limits l ON l.metric = r.metric WHERE abs(r.value - l.mean) > 1.5 * l.deviation

-- name: gold.z_scores class: read_time
SELECT reading_id, (value - avg(value) OVER (PARTITION BY metric)) / stddev_samp(value) OVER (PARTITION BY metric) AS z FROM bronze.readings WHERE value IS NOT NULL

-- name: gold.quartiles class: holistic
SELECT metric, quantile_cont(value, 0.25) AS q1, median(value) AS q2, quantile_cont(value, 0.75) AS q3, quantile_cont(value, 0.75) - quantile_cont(value, 0.25) AS iqr
FROM bronze.readings
GROUP BY metric

-- name: gold.shape class: holistic
SELECT metric, skewness(value) AS skew, kurtosis(value) AS kurt FROM bronze.readings GROUP BY metric

-- name: gold.absolute_deviation class: holistic
SELECT metric, mad(value) AS deviation, median(value) AS middle FROM bronze.readings GROUP BY metric

-- name: gold.regression class: algebraic
SELECT sensor, regr_slope(value, epoch(read_at)) * 86400 AS change_per_day, regr_r2(value, epoch(read_at)) AS r2, regr_count(value, epoch(read_at)) AS n
FROM bronze.readings
GROUP BY sensor

-- name: gold.site_statistics class: holistic
SELECT coalesce(s.site, 'unknown') AS site, count(DISTINCT r.sensor) AS sensors, count(*) AS readings, avg(r.value) AS mean
FROM bronze.readings r LEFT JOIN bronze.sensors s USING (sensor)
GROUP BY 1

-- name: gold.unregistered_sensors class: distributive
SELECT sensor, count(*) AS readings, min(read_at) AS first_seen FROM bronze.readings WHERE sensor NOT IN ('s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 's12') GROUP BY sensor

-- name: gold.unregistered_by_table class: distributive
SELECT sensor, count(*) AS readings FROM bronze.readings WHERE sensor NOT IN (SELECT sensor FROM bronze.sensors) GROUP BY sensor

-- name: gold.silent_sensors class: read_time
SELECT s.sensor FROM bronze.sensors s ANTI JOIN bronze.readings r USING (sensor)

-- name: gold.tag_counts class: distributive
SELECT t.tag, count(*) AS readings FROM bronze.readings r, unnest(r.tags) AS t(tag) GROUP BY t.tag

-- name: gold.tag_counts_by_item class: distributive
SELECT tag, count(*) AS n FROM (SELECT unnest(tags) AS tag FROM bronze.readings) GROUP BY tag

-- name: gold.calibration_runs class: linear
SELECT reading_id, sensor, value, len(tags) AS tags FROM bronze.readings WHERE list_contains(tags, 'cal')

-- name: gold.quality_flags class: distributive
SELECT sensor, bit_or(1 << quality) AS seen_flags, bit_and(quality) AS common_bits, max(quality) AS worst FROM bronze.readings GROUP BY sensor

-- name: gold.time_weighted class: read_time
SELECT sensor, sum(value * seconds) / sum(seconds) AS mean
FROM (SELECT sensor, value, date_diff('second', read_at, lead(read_at) OVER (PARTITION BY sensor ORDER BY read_at, reading_id)) AS seconds FROM bronze.readings WHERE metric = 'power' AND value IS NOT NULL)
GROUP BY sensor

-- name: gold.first_above class: algebraic
SELECT sensor, min(read_at) FILTER (WHERE value > 28) AS first_above, arg_min(value, read_at) FILTER (WHERE value > 28) AS first_value FROM bronze.readings GROUP BY sensor

-- name: gold.coldest_and_hottest class: algebraic
SELECT site, arg_min(sensor, value) AS coldest, arg_max(sensor, value) AS hottest, arg_max(read_at, value) AS hottest_at FROM silver.good_readings GROUP BY site

-- name: gold.hottest_three class: holistic
SELECT metric, max(value, 3) AS top_values, arg_max(sensor, value, 2) AS top_sensors FROM bronze.readings GROUP BY metric

-- name: gold.temperature_humidity class: merged
WITH pairs AS (
  SELECT sensor, date_trunc('day', read_at) AS day, avg(value) FILTER (WHERE metric = 'temperature') AS t, avg(value) FILTER (WHERE metric = 'humidity') AS h
  FROM bronze.readings GROUP BY 1, 2
)
SELECT sensor, corr(t, h) AS r, count(*) AS days FROM pairs WHERE t IS NOT NULL AND h IS NOT NULL GROUP BY sensor

-- name: gold.coverage class: holistic
SELECT sensor, count(DISTINCT CAST(read_at AS DATE)) AS days_seen, min(read_at) AS since, max(read_at) AS until,
       count(DISTINCT CAST(read_at AS DATE)) / (date_diff('day', min(read_at), max(read_at)) + 1) AS coverage
FROM bronze.readings
GROUP BY sensor

-- name: gold.level_bands class: distributive
SELECT sensor, count_if(value < 18) AS cold, count_if(value >= 18 AND value < 24) AS mild, count_if(value >= 24) AS warm FROM bronze.readings GROUP BY sensor

-- name: gold.width_buckets class: distributive
SELECT metric, CAST(floor(value / 5) * 5 AS INTEGER) AS from_value, count(*) AS n FROM bronze.readings WHERE value IS NOT NULL GROUP BY ALL ORDER BY ALL

-- name: gold.quality_spread class: algebraic
SELECT sensor, stddev_samp(quality) AS deviation, var_pop(quality) AS variance FROM bronze.readings GROUP BY sensor
