-- Keyed: the latest row of each tail number.
SELECT
    tailnum,
    time_hour,
    sched_dep_time,
    carrier,
    flight,
    origin,
    dest,
    is_cancelled,
    manufacturer,
    plane_model
FROM silver.flights
WHERE tailnum IS NOT NULL
QUALIFY row_number() OVER (
    PARTITION BY tailnum
    ORDER BY time_hour DESC, sched_dep_time DESC, carrier, flight, origin
) = 1
