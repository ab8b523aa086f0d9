-- Gold over gold: reads the merged result of another view.
SELECT
    flight_date,
    CAST(sum(flights) AS BIGINT) AS flights,
    CAST(sum(cancelled) AS BIGINT) AS cancelled,
    max(cancelled_rate) AS worst_airport_rate
FROM gold.daily_traffic
GROUP BY flight_date
ORDER BY flights DESC, flight_date
LIMIT 10
