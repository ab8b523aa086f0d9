-- HAVING, ORDER BY and LIMIT run when the view is read, over merged states.
SELECT
    origin,
    dest,
    count(*) AS flights,
    avg(arr_delay) AS mean_arr_delay,
    max(arr_delay) AS worst_arr_delay
FROM silver.flights
WHERE arr_delay IS NOT NULL
GROUP BY origin, dest
HAVING count(*) >= 100
ORDER BY mean_arr_delay DESC, origin, dest
LIMIT 20
