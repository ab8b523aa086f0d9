-- What one event gives. One construct a view: docs/views.md is written from these files.

-- name: silver.rows_where class: linear construct: `SELECT … WHERE`: filters and expressions
SELECT order_id, price * quantity AS total FROM bronze.orders WHERE quantity > 2 AND channel IS NOT NULL

-- name: gold.rows_star class: linear construct: `*`, `EXCLUDE`, `REPLACE`
SELECT * EXCLUDE (attributes) REPLACE (upper(currency) AS currency) FROM bronze.orders

-- name: gold.rows_rename class: linear construct: `* RENAME`
SELECT * RENAME (price AS paid) FROM bronze.orders

-- name: gold.rows_columns class: linear construct: `COLUMNS(…)`
SELECT order_id, COLUMNS('price|quantity') FROM bronze.orders

-- name: gold.rows_lateral_alias class: linear construct: an alias used by a later expression
SELECT order_id, price * quantity AS total, total > 100 AS is_large FROM bronze.orders

-- name: gold.rows_case class: linear construct: `CASE`, `coalesce`, `IN (…)`, `BETWEEN`, `LIKE`
SELECT order_id, CASE WHEN price BETWEEN 0 AND 10 THEN 'low' WHEN currency IN ('EUR', 'USD') THEN 'known' ELSE coalesce(channel, 'none') END AS kind FROM bronze.orders WHERE coupon LIKE 'S%'

-- name: gold.rows_try_cast class: linear construct: casts; those that fail are recorded against the view
SELECT view_id, TRY_CAST(split_part(url, '/', 3) AS INTEGER) AS product, duration_ms::VARCHAR AS shown FROM bronze.page_views

-- name: gold.rows_json class: linear construct: JSON fields
SELECT order_id, attributes ->> '$.source.app' AS app FROM bronze.orders

-- name: gold.rows_nested class: linear construct: lists, structs, maps, lambdas
SELECT reading_id, list_transform(tags, lambda t: upper(t)) AS shouted, {'sensor': sensor, 'at': read_at} AS what FROM bronze.readings

-- name: gold.rows_unnest_from class: linear construct: `unnest(…)` of an event's list in FROM
SELECT r.reading_id, t.tag FROM bronze.readings r, unnest(r.tags) AS t(tag)

-- name: gold.rows_unnest_select class: linear construct: `unnest(…)` of an event's list in SELECT
SELECT reading_id, unnest(tags) AS tag FROM bronze.readings

-- name: gold.rows_unnest_several class: linear construct: several `unnest(…)` side by side
SELECT reading_id, unnest(tags) AS tag, unnest([reading_id, -reading_id, 0]) AS number FROM bronze.readings

-- name: gold.rows_unpivot class: linear construct: `UNPIVOT … ON …`, also `COLUMNS(…)`
UNPIVOT (SELECT order_id, quantity, customer_id FROM bronze.orders) ON quantity, customer_id INTO NAME what VALUE number

-- name: gold.rows_unpivot_standard class: linear construct: `FROM … UNPIVOT (… FOR … IN (…))`, several values, `INCLUDE NULLS`
SELECT order_id, what, first_text, second_text FROM bronze.orders UNPIVOT INCLUDE NULLS ((first_text, second_text) FOR what IN ((channel, coupon) AS 'sold', (currency, currency)))

-- name: gold.rows_order class: linear construct: `ORDER BY` at the end
SELECT order_id, price FROM bronze.orders ORDER BY price DESC NULLS LAST, order_id

-- name: gold.rows_limit class: linear construct: `LIMIT`, `OFFSET`
SELECT order_id, price FROM bronze.orders ORDER BY price DESC, order_id LIMIT 10 OFFSET 2

-- name: gold.rows_limit_percent class: read_time construct: `LIMIT 10 %`
SELECT order_id, price FROM bronze.orders ORDER BY price DESC, order_id LIMIT 10 PERCENT

-- name: gold.rows_random class: read_time construct: `random()`, `uuid()`, `now()` and others that change
SELECT order_id FROM bronze.orders WHERE random() < 2

-- name: gold.rows_now class: read_time construct: `current_date`, `now()`
SELECT order_id FROM bronze.orders WHERE ordered_at < current_date + INTERVAL 10 DAYS

-- name: gold.rows_over_view class: linear construct: a linear view, read by another
SELECT order_id, total FROM silver.rows_where WHERE total > 50
