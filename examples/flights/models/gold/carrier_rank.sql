-- A window over an aggregated result runs when the view is read.
SELECT
    origin,
    carrier,
    count(dep_delay) AS departures,
    avg(dep_delay) AS mean_delay,
    rank() OVER (PARTITION BY origin ORDER BY avg(dep_delay)) AS place
FROM silver.flights
GROUP BY origin, carrier
HAVING count(dep_delay) >= 50
