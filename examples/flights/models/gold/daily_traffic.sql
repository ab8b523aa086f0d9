-- Distributive: counts add up. The rate is arithmetic on them.
SELECT
    origin,
    flight_date,
    count(*) AS flights,
    count(*) FILTER (WHERE is_cancelled) AS cancelled,
    count(*) FILTER (WHERE is_cancelled) / count(*) AS cancelled_rate
FROM silver.flights
GROUP BY origin, flight_date
