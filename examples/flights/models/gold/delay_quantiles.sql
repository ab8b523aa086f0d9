-- Holistic: exact quantiles from counts of values.
SELECT
    origin,
    sched_hour,
    count(*) AS departures,
    median(dep_delay) AS median_delay,
    quantile_cont(dep_delay, 0.9) AS p90_delay,
    quantile_cont(dep_delay, 0.99) AS p99_delay
FROM silver.flights
WHERE dep_delay IS NOT NULL
GROUP BY origin, sched_hour
