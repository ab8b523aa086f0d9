-- Flights with a real date, a cancelled flag and a delay band, and with what is known of the plane.
SELECT
    make_date(f.year, f.month, f.day) AS flight_date,
    f.month,
    f.sched_dep_time // 100 AS sched_hour,
    f.time_hour,
    f.carrier,
    f.flight,
    f.tailnum,
    f.origin,
    f.dest,
    f.sched_dep_time,
    f.dep_delay,
    f.arr_delay,
    f.air_time,
    f.distance,
    f.dep_time IS NULL AS is_cancelled,
    CASE
        WHEN f.dep_time IS NULL THEN 'cancelled'
        WHEN f.dep_delay <= 0 THEN 'on time'
        WHEN f.dep_delay < 15 THEN 'under 15 min'
        WHEN f.dep_delay < 60 THEN '15 to 59 min'
        ELSE '1 h and more'
    END AS delay_band,
    p.manufacturer,
    p.model AS plane_model,
    p.year AS plane_year,
    p.seats
FROM bronze.flights AS f
LEFT JOIN bronze.planes AS p ON p.tailnum = f.tailnum
