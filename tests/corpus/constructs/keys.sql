-- Rows kept for each key.

-- name: silver.latest class: keyed construct: the latest row of a key: `QUALIFY row_number() OVER (PARTITION BY … ORDER BY …) = 1`
SELECT * FROM bronze.order_status QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY changed_at DESC, status) = 1

-- name: gold.key_distinct_on class: keyed construct: `DISTINCT ON (key) … ORDER BY`
SELECT DISTINCT ON (sensor) sensor, value, read_at FROM bronze.readings ORDER BY sensor, read_at DESC, reading_id

-- name: gold.key_top_n class: keyed construct: the first n rows of a key: `row_number`, `rank`, `dense_rank` `<= n`
SELECT currency, order_id, price FROM bronze.orders QUALIFY rank() OVER (PARTITION BY currency ORDER BY price DESC) <= 3

-- name: gold.key_no_key class: keyed construct: the first n rows of all
SELECT order_id, price FROM bronze.orders QUALIFY row_number() OVER (ORDER BY price DESC, order_id, quantity) <= 5

-- name: gold.key_shows_rank class: keyed construct: the rank as a column: `AS place … QUALIFY place <= 3`
SELECT currency, price, dense_rank() OVER (PARTITION BY currency ORDER BY price DESC) AS place FROM bronze.orders QUALIFY place <= 3

-- name: gold.key_order_by_rank class: keyed construct: `ORDER BY` the rank
SELECT currency, price, dense_rank() OVER (PARTITION BY currency ORDER BY price DESC) AS place FROM bronze.orders QUALIFY place <= 3 ORDER BY currency, place

-- name: gold.key_derived class: keyed construct: the row number in a derived table or CTE, `WHERE rn = 1` above it
SELECT order_id, status FROM (SELECT *, row_number() OVER (PARTITION BY order_id ORDER BY changed_at DESC, status) AS rn FROM bronze.order_status) WHERE rn = 1

-- name: gold.key_and class: keyed construct: `QUALIFY` with a second condition
SELECT order_id, price FROM bronze.orders QUALIFY row_number() OVER (PARTITION BY channel ORDER BY price DESC, order_id, quantity) <= 3 AND price > 60

-- name: gold.key_second class: keyed construct: only the second row: `= 2`
SELECT channel, order_id FROM bronze.orders QUALIFY row_number() OVER (PARTITION BY channel ORDER BY price DESC, order_id, quantity) = 2

-- name: gold.key_two_windows class: read_time construct: a second window over events beside it
SELECT channel, price, count(*) OVER (PARTITION BY channel) AS n FROM bronze.orders QUALIFY row_number() OVER (PARTITION BY channel ORDER BY price DESC, order_id, quantity) = 1

-- name: gold.key_groups_above class: merged construct: groups over a view with the latest rows
SELECT status, count(*) AS n FROM silver.latest GROUP BY status

-- name: gold.key_other_function class: read_time construct: `QUALIFY` with another function: `ntile`, `lag`, `count`
SELECT order_id FROM bronze.orders QUALIFY count(*) OVER (PARTITION BY order_id) > 1
