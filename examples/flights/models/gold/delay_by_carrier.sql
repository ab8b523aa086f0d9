-- Algebraic: averages and deviations merge from sums.
SELECT
    f.carrier,
    coalesce(a.name, f.carrier) AS name,
    count(*) AS flights,
    avg(f.dep_delay) AS mean_delay,
    stddev_samp(f.dep_delay) AS stddev_delay,
    max(f.dep_delay) AS worst_delay
FROM silver.flights AS f
LEFT JOIN bronze.airlines AS a ON a.carrier = f.carrier
GROUP BY f.carrier, coalesce(a.name, f.carrier)
