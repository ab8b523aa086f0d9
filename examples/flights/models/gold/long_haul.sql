-- Linear: the rows themselves, joined with a table.
SELECT
    f.flight_date,
    f.carrier,
    f.flight,
    f.origin,
    f.dest,
    coalesce(d.name, f.dest) AS dest_name,
    f.distance,
    f.air_time,
    f.distance / nullif(f.air_time, 0) * 60 AS miles_per_hour
FROM silver.flights AS f
LEFT JOIN bronze.airports AS d ON d.faa = f.dest
WHERE f.distance >= 2500 AND NOT f.is_cancelled
