-- Joins of events with tables, and with events.

-- name: gold.join_inner class: linear construct: `JOIN … ON` with a table
SELECT o.order_id, p.category FROM bronze.orders o JOIN bronze.products p ON p.product_id = o.product_id

-- name: gold.join_left_using class: linear construct: `LEFT JOIN … USING` with a table
SELECT order_id, name FROM bronze.orders LEFT JOIN bronze.products USING (product_id)

-- name: gold.join_right class: linear construct: a table `RIGHT JOIN` events
SELECT o.order_id, p.name FROM bronze.products p RIGHT JOIN bronze.orders o ON o.product_id = p.product_id

-- name: gold.join_semi class: linear construct: `SEMI JOIN` with a table
SELECT o.order_id FROM bronze.orders o SEMI JOIN bronze.customers c ON c.customer_id = o.customer_id

-- name: gold.join_anti class: linear construct: `ANTI JOIN` with a table
SELECT o.order_id FROM bronze.orders o ANTI JOIN bronze.customers c ON c.customer_id = o.customer_id

-- name: gold.join_range class: linear construct: a join by ranges
SELECT o.order_id, r.rate FROM bronze.orders o JOIN bronze.rates r ON r.currency = o.currency AND o.ordered_at >= r.valid_from AND o.ordered_at < r.valid_from + INTERVAL 30 DAY

-- name: gold.join_comma class: distributive construct: tables with commas and `WHERE`
SELECT p.category, count(*) AS n FROM bronze.orders o, bronze.products p WHERE p.product_id = o.product_id GROUP BY p.category

-- name: gold.join_three class: distributive construct: several tables
SELECT n.region, p.category, count(*) AS n FROM bronze.orders o JOIN bronze.products p USING (product_id) JOIN bronze.customers c USING (customer_id) LEFT JOIN bronze.countries n ON n.country = c.country GROUP BY ALL

-- name: gold.join_cross class: linear construct: `CROSS JOIN` with a table
SELECT o.order_id, c.campaign FROM bronze.orders o CROSS JOIN bronze.campaigns c WHERE o.order_id < 20

-- name: gold.join_values class: distributive construct: a join with `VALUES`
SELECT v.label, count(*) AS n FROM bronze.orders o JOIN (VALUES ('EUR', 'euro')) AS v(currency, label) ON v.currency = o.currency GROUP BY v.label

-- name: gold.join_natural class: distributive construct: `NATURAL JOIN` with a table
SELECT country_name, count(*) AS n FROM bronze.page_views NATURAL JOIN bronze.countries GROUP BY country_name

-- name: gold.join_asof class: linear construct: `ASOF JOIN`, `ASOF LEFT JOIN` with a table, `ON` columns and one comparison
SELECT o.order_id, h.price FROM bronze.orders o ASOF JOIN bronze.price_history h ON h.product_id = o.product_id AND o.ordered_at >= h.valid_from

-- name: gold.join_positional class: read_time construct: `POSITIONAL JOIN`
SELECT count(*) AS n FROM bronze.orders POSITIONAL JOIN bronze.products

-- name: gold.join_table_first class: read_time construct: a table `LEFT JOIN` events, `FULL JOIN`
SELECT c.campaign, count(v.view_id) AS n FROM bronze.campaigns c LEFT JOIN bronze.page_views v USING (campaign) GROUP BY c.campaign

-- name: gold.join_events class: read_time construct: events joined with events, also of the same stream
SELECT o.order_id, s.status FROM bronze.orders o JOIN bronze.order_status s USING (order_id)

-- name: gold.in_table class: linear construct: `IN (SELECT … FROM table)`
SELECT order_id FROM bronze.orders WHERE customer_id IN (SELECT customer_id FROM bronze.customers WHERE segment = 'business')

-- name: gold.exists_table class: linear construct: `EXISTS (SELECT … FROM table)`
SELECT order_id FROM bronze.orders o WHERE NOT EXISTS (SELECT 1 FROM bronze.customers c WHERE c.customer_id = o.customer_id)

-- name: gold.scalar_table class: linear construct: a scalar subquery over a table
SELECT order_id, price - (SELECT avg(list_price) FROM bronze.products) AS above FROM bronze.orders

-- name: gold.in_events class: read_time construct: `IN`, `EXISTS` over events
SELECT order_id FROM bronze.orders WHERE order_id IN (SELECT order_id FROM bronze.order_status WHERE status = 'returned')
