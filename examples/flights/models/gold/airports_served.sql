-- An ordered list of distinct values. 'anabranch explain' says whether it is maintained or answered when read.
SELECT
    carrier,
    string_agg(DISTINCT origin, ' ' ORDER BY origin) AS origins,
    count(DISTINCT dest) AS destinations,
    sum(distance) AS miles_planned
FROM silver.flights
GROUP BY carrier
