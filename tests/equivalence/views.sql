-- Hand-written views for the law "batch ⊕ speed = recompute". Each begins with `-- name: <name> class: <class>`.
-- Stream bronze.events: id bigint, k varchar, g integer, x integer, y double, d decimal(10,2), flag boolean, ts timestamp,
-- s varchar, tags varchar[]. Tables bronze.dim: k varchar, name varchar, weight double (several rows for some k);
-- bronze.lookup: g integer, label varchar (one row for each g). silver.clean is linear, silver.latest keyed.

-- name: silver.clean class: linear
SELECT id, upper(k) AS k, g, x, y, d, flag, ts, s, x > 50 AS is_large, CASE WHEN y < 0 THEN 'neg' WHEN y = 0 THEN 'zero' ELSE 'pos' END AS sign FROM bronze.events WHERE g IS NOT NULL

-- name: silver.latest class: keyed
SELECT * FROM bronze.events QUALIFY row_number() OVER (PARTITION BY k ORDER BY ts DESC NULLS LAST) = 1

-- name: silver.enriched class: linear
SELECT e.*, w.name, w.weight FROM bronze.events e LEFT JOIN bronze.dim w ON e.k = w.k

-- name: gold.count_all class: distributive
SELECT count(*) AS n FROM bronze.events

-- name: gold.count_by class: distributive
SELECT k, count(*) AS n, count(x) AS with_x, count(*) FILTER (WHERE flag) AS flagged FROM bronze.events GROUP BY k

-- name: gold.sums class: distributive
SELECT g, sum(x) AS sx, sum(d) AS sd, sum(y) AS sy, sum(id) AS si FROM bronze.events GROUP BY g

-- name: gold.extremes class: distributive
SELECT k, min(x) AS lo, max(x) AS hi, min(ts) AS first_at, max(ts) AS last_at, min(s) AS s_lo, max(s) AS s_hi, min(d) AS d_lo FROM bronze.events GROUP BY k

-- name: gold.bools class: distributive
SELECT g, bool_and(flag) AS every, bool_or(flag) AS some, bit_and(x) AS ba, bit_or(x) AS bo, bit_xor(x) AS bx, count_if(flag) AS trues FROM bronze.events GROUP BY g

-- name: gold.by_expression class: distributive
SELECT date_trunc('month', ts) AS month, x // 10 AS bucket, count(*) AS n, sum(x) AS sx FROM bronze.events GROUP BY date_trunc('month', ts), 2

-- name: gold.group_all class: distributive
SELECT k, flag, count(*) AS n, max(y) AS top FROM bronze.events GROUP BY ALL

-- name: gold.having class: distributive
SELECT k, count(*) AS n, sum(x) AS total FROM bronze.events GROUP BY k HAVING count(*) > 3 AND sum(x) > 10

-- name: gold.arithmetic class: distributive
SELECT k, sum(x) * 2 + count(*) AS odd, round(100.0 * count(*) FILTER (WHERE flag) / count(*), 2) AS pct FROM bronze.events GROUP BY k

-- name: gold.top class: distributive
SELECT k, count(*) AS n FROM bronze.events GROUP BY k ORDER BY n DESC LIMIT 3

-- name: gold.distinct_pairs class: distributive
SELECT DISTINCT k, g FROM bronze.events

-- name: gold.where class: distributive
SELECT g, count(*) AS n FROM bronze.events WHERE x BETWEEN 10 AND 60 AND (flag OR k LIKE 'a%') GROUP BY g

-- name: gold.averages class: algebraic
SELECT k, avg(x) AS ax, avg(y) AS ay, avg(d) AS ad FROM bronze.events GROUP BY k

-- name: gold.spread class: algebraic
SELECT k, stddev(x) AS sx, var_pop(y) AS vy, stddev_pop(d) AS pd, variance(x) AS vx, sem(y) AS se FROM bronze.events GROUP BY k

-- name: gold.spread_all class: algebraic
SELECT stddev(y) AS sy, avg(y) AS ay, count(*) AS n FROM bronze.events

-- name: gold.filtered_spread class: algebraic
SELECT g, stddev(y) FILTER (WHERE flag) AS s_flagged, avg(x) FILTER (WHERE x > 20) AS a FROM bronze.events GROUP BY g

-- name: gold.correlation class: algebraic
SELECT k, CASE WHEN stddev_pop(y) > 0.001 THEN corr(y, x) END AS r, CASE WHEN stddev_pop(y) > 0.001 THEN covar_pop(y, x) END AS cp, CASE WHEN stddev_pop(y) > 0.001 THEN covar_samp(y, x) END AS cs, CASE WHEN stddev_pop(y) > 0.001 THEN regr_slope(y, x) END AS slope, regr_intercept(y, x) AS b, CASE WHEN stddev_pop(y) > 0.001 THEN regr_r2(y, x) END AS r2, regr_count(y, x) AS n, regr_avgx(y, x) AS mx, regr_avgy(y, x) AS my, regr_sxx(y, x) AS sxx, CASE WHEN stddev_pop(y) > 0.001 THEN regr_syy(y, x) END AS syy, CASE WHEN stddev_pop(y) > 0.001 THEN regr_sxy(y, x) END AS sxy FROM bronze.events GROUP BY k

-- name: gold.first_last class: algebraic
SELECT k, first(x) AS f, last(x) AS l, any_value(s) AS a FROM bronze.events GROUP BY k

-- name: gold.arg class: algebraic
SELECT g, arg_max(s, x) AS s_at_max, arg_min(k, ts) AS k_at_first, max_by(id, y) AS id_at_top FROM bronze.events GROUP BY g

-- name: gold.arg_filtered class: algebraic
SELECT k, arg_max(s, x) FILTER (WHERE flag) AS s_at_max, last(x) FILTER (WHERE flag) AS l FROM bronze.events GROUP BY k

-- name: gold.distinct_count class: holistic
SELECT k, count(DISTINCT s) AS ds, count(DISTINCT x) AS dx, sum(DISTINCT x) AS sdx, avg(DISTINCT x) AS adx, count(*) AS n FROM bronze.events GROUP BY k

-- name: gold.distinct_count_all class: holistic
SELECT count(DISTINCT k) AS dk FROM bronze.events

-- name: gold.medians class: holistic
SELECT k, median(x) AS mx, median(y) AS my FROM bronze.events GROUP BY k

-- name: gold.quantiles class: holistic
SELECT g, quantile_cont(x, 0.9) AS p90, quantile_cont(y, 0.25) AS q1, quantile_disc(s, 0.5) AS sd, quantile_disc(x, 0.99) AS p99, quantile_disc(ts, 0.1) AS early, max(x) AS top FROM bronze.events GROUP BY g

-- name: gold.quantiles_filtered class: holistic
SELECT k, median(x) FILTER (WHERE flag) AS m FROM bronze.events GROUP BY k HAVING count(*) > 2

-- name: gold.modes class: holistic
SELECT k, mode(x) AS mx, mode(s) AS ms FROM bronze.events GROUP BY k

-- name: gold.lists class: holistic
SELECT g, list(x) AS xs, string_agg(s, '|') AS ss, array_agg(k) AS ks FROM bronze.events GROUP BY g

-- name: gold.ordered_lists class: holistic
SELECT k, list(x ORDER BY y DESC NULLS FIRST) AS xs, string_agg(s, ',' ORDER BY ts) AS ss, list(id) FILTER (WHERE flag) AS ids FROM bronze.events GROUP BY k

-- name: gold.last_per_key class: keyed
SELECT k, x, y, ts FROM bronze.events QUALIFY row_number() OVER (PARTITION BY k ORDER BY ts DESC) = 1

-- name: gold.top3_per_key class: keyed
SELECT g, x, s, row_number() OVER (PARTITION BY g ORDER BY x DESC NULLS LAST) AS place FROM bronze.events QUALIFY place <= 3

-- name: gold.rank_per_key class: keyed
SELECT k, x FROM bronze.events WHERE x IS NOT NULL QUALIFY rank() OVER (PARTITION BY k ORDER BY x) = 1

-- name: gold.distinct_on class: keyed
SELECT DISTINCT ON (k) k, x, ts FROM bronze.events ORDER BY k, ts DESC

-- name: gold.first_event class: keyed
SELECT id, k FROM bronze.events QUALIFY row_number() OVER () <= 5

-- name: gold.filtered_rows class: linear
SELECT id, k || '-' || coalesce(s, '?') AS label, y * 2 AS y2 FROM bronze.events WHERE x > 30

-- name: gold.limited_rows class: linear
SELECT id, x FROM bronze.events ORDER BY x DESC NULLS LAST LIMIT 7

-- name: gold.unordered_limit class: linear
SELECT id, k FROM bronze.events WHERE flag LIMIT 4

-- name: gold.system_columns class: distributive
SELECT _partition AS p, count(*) AS n, min(_offset) AS lo, max(_offset) AS hi, max(length(_raw)) AS longest FROM bronze.events GROUP BY _partition

-- name: gold.joined class: algebraic
SELECT w.name, count(*) AS n, avg(e.x * w.weight) AS a, sum(w.weight) AS sw FROM bronze.events e JOIN bronze.dim w ON e.k = w.k GROUP BY w.name

-- name: gold.left_joined class: distributive
SELECT coalesce(l.label, 'none') AS label, count(*) AS n, sum(x) AS sx FROM bronze.events LEFT JOIN bronze.lookup l USING (g) GROUP BY 1

-- name: gold.semi_joined class: distributive
SELECT k, count(*) AS n FROM bronze.events SEMI JOIN bronze.dim USING (k) GROUP BY k

-- name: gold.anti_joined class: distributive
SELECT k, count(*) AS n FROM bronze.events e ANTI JOIN bronze.dim w ON e.k = w.k GROUP BY k

-- name: gold.joined_first class: algebraic
SELECT w.name, first(e.id) AS f, last(w.weight) AS l, arg_max(e.id, e.x) AS m FROM bronze.events e JOIN bronze.dim w USING (k) GROUP BY w.name

-- name: gold.two_tables class: distributive
SELECT l.label, w.name, count(*) AS n FROM bronze.events e JOIN bronze.lookup l ON e.g = l.g JOIN bronze.dim w ON w.k = e.k GROUP BY ALL

-- name: gold.over_silver class: algebraic
SELECT k, sign, count(*) AS n, avg(y) AS ay, last(s) AS ls FROM silver.clean GROUP BY k, sign

-- name: gold.over_enriched class: holistic
SELECT name, median(x) AS m, first(id) AS f, list(id) AS ids FROM silver.enriched WHERE weight > 1 GROUP BY name

-- name: gold.window_over_groups class: distributive
SELECT k, count(*) AS n, rank() OVER (ORDER BY count(*) DESC) AS place, sum(count(*)) OVER (ORDER BY k) AS running FROM bronze.events GROUP BY k

-- name: gold.top_groups class: distributive
SELECT g, k, count(*) AS n FROM bronze.events GROUP BY g, k QUALIFY row_number() OVER (PARTITION BY g ORDER BY count(*) DESC) = 1

-- name: gold.risky_casts class: distributive
SELECT k, sum(s::integer) AS total, count(*) AS n FROM bronze.events GROUP BY k

-- name: gold.risky_filter class: distributive
SELECT k, count(*) AS n FROM bronze.events WHERE x > 20 AND s::integer > 5 GROUP BY k

-- name: gold.risky_or class: distributive
SELECT g, count(*) AS n FROM bronze.events WHERE flag OR s::integer > 5 GROUP BY g

-- name: gold.risky_rows class: linear
SELECT id, s::integer AS n, d::tinyint AS small FROM bronze.events

-- name: gold.unnested class: distributive
SELECT u.tag, count(*) AS n FROM bronze.events e, unnest(e.tags) AS u(tag) GROUP BY u.tag

-- name: silver.unpivoted class: linear
UNPIVOT (SELECT id, k, x, g, y, ts FROM bronze.events) ON X, g, y INTO NAME what VALUE number

-- name: gold.of_unpivoted class: algebraic
SELECT what, count(*) AS n, sum(number) AS s, last(number) AS newest FROM silver.unpivoted GROUP BY what

-- name: gold.unpivoted_pairs class: distributive
SELECT what, first_text, count(second_text) AS n FROM bronze.events UNPIVOT INCLUDE NULLS ((first_text, second_text) FOR what IN ((k, s), (s, k) AS 'other')) GROUP BY ALL

-- name: gold.unpivoted_first class: linear
SELECT id, name, value FROM (UNPIVOT (SELECT id, x, g FROM bronze.events) ON COLUMNS(* EXCLUDE id)) LIMIT 7

-- name: gold.side_by_side class: linear
SELECT id, unnest(tags) AS tag, unnest([x, g]) AS number, unnest(string_split(s, 'a')) AS part FROM bronze.events

-- name: gold.unnested_item class: distributive
SELECT tag, count(*) AS n FROM (SELECT unnest(tags) AS tag FROM bronze.events) GROUP BY tag

-- name: gold.over_latest class: merged
SELECT g, count(*) AS n, sum(x) AS sx FROM silver.latest GROUP BY g

-- name: gold.over_gold class: merged
SELECT k, n FROM gold.count_by WHERE n = (SELECT max(n) FROM gold.count_by)

-- name: gold.running class: read_time
SELECT id, sum(x) OVER (PARTITION BY k ORDER BY id) AS running FROM bronze.events

-- name: gold.sessions class: read_time
WITH gaps AS (SELECT id, k, ts - lag(ts) OVER (PARTITION BY k ORDER BY ts, id) AS gap FROM bronze.events) SELECT k, count(*) AS n FROM gaps WHERE gap > INTERVAL 1 DAY GROUP BY k

-- name: gold.rollup class: distributive
SELECT k, flag, count(*) AS n FROM bronze.events GROUP BY ROLLUP (k, flag)

-- name: gold.union_all class: linear
SELECT k AS v, id FROM bronze.events WHERE x > 90 UNION ALL SELECT s, id FROM bronze.events WHERE x < 10

-- name: gold.set_union class: distributive
SELECT k AS v, g FROM bronze.events WHERE x > 90 UNION SELECT s, x FROM bronze.events WHERE x < 10

-- name: gold.set_taken_away class: distributive
SELECT k, g FROM bronze.events EXCEPT ALL (SELECT k, g FROM bronze.events WHERE x > 50 INTERSECT SELECT s, g FROM bronze.events UNION ALL SELECT k, x FROM bronze.events WHERE flag)

-- name: gold.set_in_order class: distributive
SELECT k, g FROM bronze.events WHERE flag INTERSECT SELECT k, g FROM bronze.events WHERE NOT flag ORDER BY g DESC LIMIT 7

-- name: gold.nearest class: linear
SELECT e.id, e.x, l.label FROM bronze.events AS e ASOF LEFT JOIN bronze.lookup AS l ON e.x % 4 >= l.g WHERE e.x IS NOT NULL

-- name: gold.nearest_of_key class: distributive
SELECT d.name, count(*) AS n, sum(e.x) AS total FROM bronze.events AS e ASOF JOIN bronze.dim AS d ON d.k = e.k AND d.weight > e.g / 3 WHERE e.g IS NOT NULL GROUP BY d.name

-- name: gold.self_join class: read_time
SELECT a.id, b.id AS other FROM bronze.events a JOIN bronze.events b ON a.x = b.x AND a.id < b.id

-- name: gold.full_join class: read_time
SELECT w.name, count(e.id) AS n FROM bronze.events e FULL JOIN bronze.dim w ON e.k = w.k GROUP BY w.name

-- name: gold.approximate class: read_time
SELECT k, approx_count_distinct(s) AS about FROM bronze.events GROUP BY k

-- name: gold.ordered_picks class: algebraic
SELECT k, first(x ORDER BY ts DESC, id) AS f, last(s ORDER BY x NULLS FIRST) AS l, any_value(s ORDER BY y DESC) AS a, arg_max(id, y ORDER BY ts) AS m, arg_min_null(s, x) AS n, first(DISTINCT g) FILTER (WHERE flag) AS d FROM bronze.events GROUP BY k

-- name: gold.top_values class: holistic
SELECT k, arg_max(s, x, 3) AS best, arg_min(id, y, 2) FILTER (WHERE flag) AS low, max(x, 2) AS most, min(ts, 2) AS early FROM bronze.events GROUP BY k

-- name: gold.distinct_values class: holistic
SELECT g, list(DISTINCT s) AS ss, string_agg(DISTINCT s, ',' ORDER BY s DESC) AS text, count(DISTINCT (k, flag)) AS pairs, stddev(DISTINCT x) AS spread, sum(DISTINCT d) AS sd, median(DISTINCT x) FILTER (WHERE flag) AS m FROM bronze.events GROUP BY g

-- name: gold.quantile_lists class: holistic
SELECT k, quantile_cont(y, [0.1, 0.9]) AS ends, quantile_disc(x, [0.55, 0.29]) AS ranks, median(d) AS md, median(ts) AS mt, median(s) AS ms, quantile_cont(d, 0.3) AS qd, percentile_cont(0.4) WITHIN GROUP (ORDER BY x DESC) AS p, percentile_disc(0.4) WITHIN GROUP (ORDER BY ts) AS pt, mode() WITHIN GROUP (ORDER BY g) AS mg FROM bronze.events GROUP BY k

-- name: gold.shapes class: holistic
SELECT k, histogram(g) AS h, entropy(s) AS e, mad(x) AS mx, mad(d) AS md, mad(ts) AS mt, CASE WHEN stddev_pop(x) > 5 THEN skewness(x) END AS skew, CASE WHEN stddev_pop(x) > 5 THEN kurtosis(x) END AS kurt, CASE WHEN stddev_pop(d) > 20 THEN kurtosis_pop(d) END AS kurt_pop FROM bronze.events GROUP BY k

-- name: gold.means class: algebraic
SELECT k, geomean(x + 1) AS g, weighted_avg(y, x) AS w, avg(ts) AS at, sum(x * d) AS xd, avg(x::HUGEINT * 1000000000) AS ax, stddev(id) AS si, var_pop(id * 1000) AS vi FROM bronze.events GROUP BY k

-- name: silver.names class: merged
SELECT k, max(name) AS name, count(*) AS n, sum(weight) AS weight FROM bronze.dim WHERE k IS NOT NULL GROUP BY k

-- name: gold.joined_table_view class: distributive
SELECT n.name, count(*) AS events, sum(e.x * n.n) AS total FROM bronze.events e LEFT JOIN silver.names n USING (k) GROUP BY n.name

-- name: gold.joined_derived_tables class: linear
SELECT e.id, t.label, v.word FROM bronze.events e JOIN (SELECT l.g, l.label || '/' || n.n AS label FROM bronze.lookup l, (SELECT count(*) AS n FROM bronze.dim) n) t USING (g) LEFT JOIN (VALUES (0, 'none'), (1, 'one')) v(g, word) ON v.g = e.g

-- name: gold.above_table_value class: distributive
SELECT k, count(*) AS n, max(x) AS most FROM bronze.events WHERE x > (SELECT count(*) FROM bronze.dim) GROUP BY k

-- name: gold.beside_table_value class: linear
SELECT id, x - (SELECT max(g) FROM bronze.lookup) AS less, (SELECT max(label) FROM bronze.lookup) AS label FROM bronze.events

-- name: gold.filter_above_groups class: distributive
SELECT g AS grp, total, total / n AS mean, 'g' || g AS word FROM (SELECT g, sum(x) AS total, count(*) AS n FROM bronze.events GROUP BY g) WHERE n > 2 AND (total > 10 OR total IS NULL)

-- name: gold.windows_above_groups class: algebraic
WITH t AS (SELECT k, g, avg(d) AS mean, 1 AS one FROM bronze.events GROUP BY k, g), placed AS (SELECT k, g, mean, rank() OVER (PARTITION BY g ORDER BY k) AS place, sum(one) OVER (ORDER BY k, g) AS so_far FROM t WHERE g IS NOT NULL)
SELECT k, g, mean, place + 1 AS next, so_far FROM placed WHERE place <= 3

-- name: gold.numbered_in_derived_table class: keyed
SELECT d.k, d.id, d.rn FROM (SELECT *, row_number() OVER (PARTITION BY k ORDER BY x DESC NULLS LAST) AS rn FROM bronze.events WHERE x > 0) d WHERE d.rn <= 2 AND d.flag

-- name: gold.second_row class: keyed
SELECT k, id, s FROM bronze.events QUALIFY row_number() OVER (PARTITION BY k ORDER BY g, y DESC) = 2

-- name: gold.third_rank class: keyed
SELECT g, id, dense_rank() OVER (PARTITION BY g ORDER BY k) AS place FROM bronze.events QUALIFY place = 3 AND x > 1

-- name: gold.patterns_of_columns class: algebraic
SELECT k, max(COLUMNS('^(x|d)$')), avg(x) AS mean FROM bronze.events GROUP BY k

-- name: gold.fields_as_columns class: linear
SELECT id, unnest({'twice': x * 2, 'word': s}) FROM bronze.events WHERE flag

-- name: gold.json_arrays class: holistic
SELECT k, json_group_array(s) AS texts FROM bronze.events GROUP BY k

-- name: gold.share_of_all class: distributive
SELECT g, count(*) AS n, count(*) / (SELECT count(*) FROM bronze.events) AS share FROM bronze.events GROUP BY g

-- name: gold.above_the_mean class: algebraic
WITH t AS (SELECT k, g, avg(d) AS mean, count(*) AS n FROM bronze.events GROUP BY k, g)
SELECT k, g, mean, n / (SELECT sum(n) FROM t) AS share FROM t WHERE n >= (SELECT avg(n) FROM t) AND g IS NOT NULL

-- name: gold.grouped_by_label class: distributive
SELECT (SELECT max(l.label) FROM bronze.lookup l WHERE l.g = e.g) AS label, count(*) AS n FROM bronze.events e GROUP BY 1
