-- Not maintainable: a window over raw events. Answered when it is read, still exactly; 'anabranch explain' says why.
SELECT
    carrier,
    count(*) AS followed,
    avg(dep_delay) AS mean_delay_after_late,
    corr(dep_delay, previous_delay) AS corr_with_previous
FROM (
    SELECT
        carrier,
        dep_delay,
        lag(arr_delay) OVER (
            PARTITION BY tailnum, flight_date
            ORDER BY time_hour, sched_dep_time, carrier, flight, origin
        ) AS previous_delay
    FROM silver.flights
    WHERE tailnum IS NOT NULL AND NOT is_cancelled
) AS turns
WHERE previous_delay >= 15
GROUP BY carrier
