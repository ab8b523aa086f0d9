-- Queries in parts, set operations, windows over events.

-- name: gold.cte_linear class: distributive construct: a CTE or derived table without aggregates
WITH big AS (SELECT channel, price FROM bronze.orders WHERE quantity > 3) SELECT channel, sum(price) AS total FROM big GROUP BY channel

-- name: gold.cte_aggregated class: merged construct: groups above a CTE or derived table with aggregates, joins with it
SELECT n, count(*) AS customers FROM (SELECT customer_id, count(*) AS n FROM bronze.orders GROUP BY customer_id) GROUP BY n

-- name: gold.cte_of_tables class: distributive construct: a CTE or derived table over tables only
WITH dear AS (SELECT product_id FROM bronze.products WHERE list_price > 40) SELECT o.channel, count(*) AS n FROM bronze.orders o JOIN dear USING (product_id) GROUP BY o.channel

-- name: gold.union_all class: linear construct: `UNION ALL`
SELECT order_id AS id, 'order' AS kind FROM bronze.orders UNION ALL SELECT view_id, 'view' FROM bronze.page_views

-- name: gold.union_all_ordered class: linear construct: `UNION ALL … ORDER BY … LIMIT`
SELECT order_id AS id, ordered_at AS at_time FROM bronze.orders UNION ALL SELECT view_id, viewed_at FROM bronze.page_views ORDER BY at_time DESC, id LIMIT 20

-- name: gold.union class: distributive construct: `UNION`, also `BY NAME`
SELECT customer_id, channel FROM bronze.orders UNION BY NAME SELECT customer_id, url FROM bronze.page_views WHERE customer_id < 20

-- name: gold.intersect_except class: distributive construct: `INTERSECT`, `EXCEPT`, one within the other
SELECT customer_id FROM bronze.orders INTERSECT SELECT customer_id FROM bronze.page_views EXCEPT SELECT customer_id FROM bronze.orders WHERE quantity > 6

-- name: gold.except_all class: distributive construct: `INTERSECT ALL`, `EXCEPT ALL`
SELECT customer_id FROM bronze.page_views EXCEPT ALL SELECT customer_id FROM bronze.orders

-- name: gold.union_limit class: distributive construct: `ORDER BY … LIMIT` of a set operation
SELECT channel, quantity FROM bronze.orders UNION SELECT 'none', customer_id FROM bronze.page_views ORDER BY quantity DESC LIMIT 10

-- name: gold.union_of_groups class: merged construct: a set operation with groups, tables or constants in it
SELECT customer_id, count(*) AS n FROM bronze.orders GROUP BY customer_id UNION SELECT customer_id, 0 FROM bronze.page_views

-- name: gold.window_running class: read_time construct: a window over events: running totals
SELECT order_id, sum(price) OVER (PARTITION BY customer_id ORDER BY ordered_at, order_id, quantity) AS running FROM bronze.orders

-- name: gold.window_lag class: read_time construct: a window over events: `lag`, `lead`
SELECT reading_id, value - lag(value) OVER (PARTITION BY sensor ORDER BY read_at, reading_id) AS change FROM bronze.readings

-- name: gold.sessions class: read_time construct: sessions by gaps
SELECT visitor, count(*) AS sessions FROM (SELECT visitor, viewed_at - lag(viewed_at) OVER (PARTITION BY visitor ORDER BY viewed_at, view_id) AS gap FROM bronze.page_views) WHERE gap IS NULL OR gap > INTERVAL 30 MINUTES GROUP BY visitor

-- name: gold.scalar_same_rows class: distributive construct: `(SELECT count(*) …)` of what is grouped, `(SELECT sum(x) …)` of the CTE that is read
SELECT channel, count(*) / (SELECT count(*) FROM bronze.orders) AS share FROM bronze.orders GROUP BY channel

-- name: gold.scalar_events class: read_time construct: a scalar subquery over other events
SELECT channel, count(*) / (SELECT count(*) FROM bronze.page_views) AS share FROM bronze.orders GROUP BY channel

-- name: gold.cte_flattened class: distributive construct: filters, windows and expressions above a CTE or derived table with aggregates
WITH days AS (SELECT ordered_at::DATE AS day, count(*) AS n FROM bronze.orders GROUP BY 1) SELECT day, n, n - lag(n) OVER (ORDER BY day) AS more FROM days WHERE n > 1

-- name: gold.only_tables class: merged construct: tables only
SELECT category, count(*) AS n FROM bronze.products GROUP BY category

-- name: gold.recursive class: read_time known: refused construct: `WITH RECURSIVE`
WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3) SELECT o.order_id, s.n FROM bronze.orders o JOIN s ON s.n = o.quantity

-- name: gold.files class: refused construct: files, settings, the engine's own tables
SELECT * FROM read_csv('data.csv')

-- name: gold.sample class: refused construct: `USING SAMPLE`
SELECT order_id FROM bronze.orders USING SAMPLE 10 ROWS
