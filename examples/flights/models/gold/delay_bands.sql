-- Distributive: minimum, maximum and boolean aggregates.
SELECT
    delay_band,
    count(*) AS flights,
    min(dep_delay) AS shortest_delay,
    max(dep_delay) AS longest_delay,
    bool_or(arr_delay <= 0) AS any_made_up_for,
    bool_and(arr_delay IS NULL) AS none_arrived,
    min(flight_date) AS first_day,
    max(flight_date) AS last_day
FROM silver.flights
GROUP BY delay_band
