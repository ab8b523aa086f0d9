-- Views beside those of tests/equivalence/views.sql, for what no view there shows. None of them depends on the order of
-- rows, so that plain DuckDB, which knows nothing of it, says what is right.

-- name: silver.all_fields class: linear
SELECT * FROM bronze.events WHERE id >= 0

-- name: silver.two_texts class: linear
SELECT k, s, id FROM bronze.events WHERE g > 0

-- name: gold.instants class: holistic
SELECT k, min(zoned) AS first_at, max(zoned) AS last_at, count(DISTINCT zoned) AS instants, max(ts) AS newest FROM bronze.events GROUP BY k

-- name: gold.wide_sums class: algebraic
SELECT g, sum(w) AS total, avg(w) AS mean, count(w) AS n FROM bronze.events GROUP BY g

-- name: gold.counted class: distributive
SELECT k, g, count(*) AS n, count(x) AS with_x, sum(x) AS sx, min(x) AS lo, max(x) AS hi FROM bronze.events GROUP BY k, g

-- name: gold.shares class: distributive
SELECT k, flag, count(*) AS n, sum(count(*)) OVER (PARTITION BY k) AS of_k FROM bronze.events GROUP BY k, flag

-- name: gold.named class: distributive
SELECT w.name, w.weight, count(*) AS n, sum(e.x) AS sx FROM bronze.events AS e JOIN bronze.dim AS w ON e.k = w.k GROUP BY w.name, w.weight

-- name: gold.labelled class: distributive
SELECT l.label, count(*) AS n, sum(e.x) AS sx FROM bronze.events AS e LEFT JOIN bronze.lookup AS l ON e.s::INTEGER = l.g GROUP BY l.label

-- name: gold.recorded class: distributive
SELECT g, count(*) AS n, sum(s::INTEGER) AS total FROM bronze.events WHERE s::INTEGER < 50 OR x > 90 GROUP BY g

-- name: gold.tagged class: distributive
SELECT u.tag, count(*) AS n FROM bronze.events AS e, unnest(e.tags) AS u(tag) GROUP BY u.tag

-- name: gold.changed class: distributive
SELECT k, max(x) AS v FROM bronze.events GROUP BY k

-- name: gold.common class: distributive
SELECT k, g, count(*) AS n FROM bronze.events GROUP BY k, g HAVING count(*) > 15

-- name: gold.without class: distributive
SELECT x FROM bronze.events EXCEPT SELECT x FROM bronze.events WHERE flag
