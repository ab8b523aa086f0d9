-- Holistic: a distinct count keeps the values it has seen.
SELECT
    month,
    carrier,
    count(DISTINCT tailnum) AS planes,
    count(*) AS flights
FROM silver.flights
WHERE NOT is_cancelled
GROUP BY month, carrier
