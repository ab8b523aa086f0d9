-- The events that are sent, in the order of n: typed for the plain engine, and as the texts that the program gets.
-- Every value is a hash of n, so that all runs are the same.
CREATE MACRO h(n, salt) AS (hash(n * 1000 + salt) % 1000000007)::BIGINT;

CREATE TABLE made AS SELECT n, n AS id,
  ['a', 'b', 'c', NULL, '', 'd'][1 + h(n, 10) % 6] AS k,
  CASE WHEN h(n, 20) % 9 > 0 THEN (h(n, 20) // 9 % 5)::INTEGER END AS g,
  CASE WHEN h(n, 30) % 10 > 0 THEN (h(n, 30) // 10 % 100)::INTEGER END AS x,
  ([1000000.125, -0.0, 0, NULL, 1e-9, 123456.789, -17.25, 3]::DOUBLE[])[1 + h(n, 40) % 8] AS y,
  CASE WHEN h(n, 50) % 7 > 0 THEN ((h(n, 50) // 7 % 30000)::DECIMAL(18,2) / 100)::DECIMAL(10,2) END AS d,
  CASE h(n, 60) % 4 WHEN 0 THEN NULL WHEN 1 THEN 12.34 ELSE (repeat((1 + h(n, 60) // 4 % 9)::VARCHAR, 30) || '.25')::DECIMAL(38,2) END::DECIMAL(38,2) AS w,
  CASE WHEN h(n, 70) % 6 > 0 THEN h(n, 70) // 6 % 2 = 0 END AS flag,
  CASE WHEN h(n, 80) % 9 > 0 THEN make_timestamp((1357000000000000 + h(n, 80) * 31007)::BIGINT) END AS ts,
  make_timestamptz((1357000000000000 + h(n, 90) * 3137)::BIGINT) AS zoned,
  ['1', '7', '12', 'x', NULL, '99999999999', '', ' 5', 'more than twelve bytes, and all of them count'][1 + h(n, 11) % 9] AS s,
  CASE WHEN h(n, 12) % 3 > 0 THEN [(h(n, 12) // 3 % 3)::VARCHAR, 't' || h(n, 12) // 9 % 2, NULL, 'a tag that is longer than twelve bytes'][1:1 + h(n, 12) // 27 % 4] END AS tags,
  CASE WHEN n >= 420 AND n % 3 > 0 THEN n % 50 END::BIGINT AS extra
FROM range(700) AS t(n);

CREATE TABLE sent AS SELECT *,
  '{"id":' || id || coalesce(',"k":' || to_json(k)::VARCHAR, '') || coalesce(',"g":' || g, '') || coalesce(',"x":' || x, '') || coalesce(',"y":' || y::VARCHAR, '') || coalesce(',"d":' || d::VARCHAR, '') || coalesce(',"w":' || w::VARCHAR, '') || coalesce(',"flag":' || flag::VARCHAR, '') || coalesce(',"ts":"' || strftime(ts, '%Y-%m-%dT%H:%M:%S.%f') || '"', '') || ',"zoned":"' || CASE WHEN n % 2 = 0 THEN strftime(zoned AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') ELSE strftime((zoned AT TIME ZONE 'UTC') + INTERVAL 2 HOUR, '%Y-%m-%dT%H:%M:%S.%f+02:00') END || '"' || coalesce(',"s":' || to_json(s)::VARCHAR, '') || coalesce(',"tags":' || to_json(tags)::VARCHAR, '') || coalesce(',"extra":' || extra, '') || '}' AS as_json,
  concat(id, ',', '"' || k || '"', ',', g, ',', x, ',', y::VARCHAR, ',', d::VARCHAR, ',', w::VARCHAR, ',', flag::VARCHAR, ',', strftime(ts, '%Y-%m-%dT%H:%M:%S.%f'), ',', strftime(zoned AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ'), ',', '"' || s || '"', ',', '"' || replace(to_json(tags)::VARCHAR, '"', '""') || '"') AS as_csv
FROM made;
