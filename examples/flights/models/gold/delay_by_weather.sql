-- Algebraic with two columns: a correlation merges from sums of squares and products.
SELECT
    CASE
        WHEN w.visib < 2 THEN 'poor (under 2 mi)'
        WHEN w.visib < 10 THEN 'reduced (2 to 10 mi)'
        ELSE 'clear (10 mi)'
    END AS visibility,
    CASE
        WHEN w.wind_speed < 10 THEN 'light (under 10 mph)'
        WHEN w.wind_speed < 20 THEN 'fresh (10 to 20 mph)'
        WHEN w.wind_speed >= 20 THEN 'strong (20 mph and more)'
        ELSE 'unknown'
    END AS wind,
    count(*) AS flights,
    avg(f.dep_delay) AS mean_delay,
    corr(f.dep_delay, w.precip) AS corr_precipitation,
    corr(f.dep_delay, w.pressure) AS corr_pressure
FROM silver.flights AS f
JOIN bronze.weather AS w ON w.origin = f.origin AND w.time_hour = f.time_hour
GROUP BY ALL
HAVING count(*) >= 100
