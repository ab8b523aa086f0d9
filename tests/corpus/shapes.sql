-- The same questions in the many shapes in which people write them: joins, CTEs, derived tables, set operations.

-- name: silver.priced class: linear
SELECT o.order_id, o.customer_id, o.quantity, o.price, p.name AS product, p.category, p.brand, p.cost FROM bronze.orders AS o INNER JOIN bronze.products AS p ON o.product_id = p.product_id

-- name: silver.regional class: linear
SELECT x.*, n.region FROM (SELECT o.order_id, o.price, c.country FROM bronze.orders o LEFT JOIN bronze.customers c USING (customer_id)) AS x LEFT JOIN bronze.countries n USING (country)

-- name: gold.natural_join class: distributive
SELECT category, sum(quantity) AS units FROM bronze.orders NATURAL JOIN (SELECT product_id, category FROM bronze.products) GROUP BY category

-- name: gold.natural_join_of_tables class: distributive
SELECT country_name, count(*) AS views FROM bronze.page_views NATURAL LEFT JOIN bronze.countries GROUP BY country_name

-- name: gold.comma_join class: distributive
SELECT c.segment, p.category, sum(o.quantity) AS units FROM bronze.orders o, bronze.products p, bronze.customers c WHERE o.product_id = p.product_id AND o.customer_id = c.customer_id GROUP BY c.segment, p.category

-- name: gold.right_join class: distributive
SELECT p.brand, count(*) AS n FROM bronze.products p RIGHT JOIN bronze.orders o ON o.product_id = p.product_id GROUP BY p.brand

-- name: gold.semi_join class: distributive
SELECT o.channel, count(*) AS n FROM bronze.orders o SEMI JOIN bronze.customers c ON c.customer_id = o.customer_id AND c.segment = 'education' GROUP BY o.channel

-- name: gold.exists_twice class: distributive
SELECT o.currency, count(*) AS n, sum(o.price) AS revenue FROM bronze.orders o
WHERE EXISTS (SELECT 1 FROM bronze.products p WHERE p.product_id = o.product_id AND p.category = 'books')
  AND NOT EXISTS (SELECT 1 FROM bronze.customers c WHERE c.customer_id = o.customer_id AND c.segment = 'business')
GROUP BY o.currency

-- name: gold.in_list_of_table class: distributive
SELECT product_id, sum(quantity) AS units FROM bronze.orders WHERE product_id IN (SELECT product_id FROM bronze.products WHERE list_price > 40) AND currency IN ('EUR', 'USD') GROUP BY product_id

-- name: gold.scalar_of_table class: linear
SELECT order_id, price, price > (SELECT avg(list_price) FROM bronze.products) AS is_above_average FROM bronze.orders

-- name: gold.scalar_in_filter class: distributive
SELECT product_id, count(*) AS n FROM bronze.orders WHERE price > (SELECT max(list_price) / 2 FROM bronze.products) GROUP BY product_id

-- name: gold.scalar_correlated class: distributive
SELECT (SELECT p.category FROM bronze.products p WHERE p.product_id = o.product_id) AS category, sum(o.quantity) AS units FROM bronze.orders o GROUP BY 1

-- name: gold.latest_rate class: linear today: read_time
SELECT o.order_id, o.price * (SELECT r.rate FROM bronze.rates r WHERE r.currency = o.currency AND r.valid_from <= o.ordered_at ORDER BY r.valid_from DESC LIMIT 1) AS price_eur FROM bronze.orders o

-- name: gold.rates_joined_to_aggregated_table class: distributive today: read_time
WITH latest AS (SELECT currency, arg_max(rate, valid_from) AS rate FROM bronze.rates GROUP BY currency)
SELECT o.currency, sum(o.price * o.quantity * l.rate) AS revenue_eur FROM bronze.orders o JOIN latest l ON l.currency = o.currency GROUP BY o.currency

-- name: gold.holiday_orders class: distributive
SELECT h.name AS holiday, count(*) AS orders, sum(o.price) AS revenue FROM bronze.orders o JOIN bronze.holidays h ON h.day = CAST(o.ordered_at AS DATE) AND h.country = 'DE' GROUP BY h.name

-- name: gold.holidays_by_country class: distributive
SELECT h.day, h.country, count(*) AS orders
FROM bronze.orders o JOIN bronze.customers c ON c.customer_id = o.customer_id JOIN bronze.holidays h ON h.country = c.country AND h.day = o.ordered_at::DATE
GROUP BY h.day, h.country

-- name: gold.cross_join class: distributive
SELECT d.days, count(*) FILTER (WHERE o.ordered_at >= TIMESTAMP '2024-06-01' - to_days(d.days)) AS orders FROM bronze.orders o CROSS JOIN (VALUES (7), (30), (90)) AS d(days) GROUP BY d.days

-- name: gold.values_labels class: distributive
SELECT l.label, count(*) AS n, sum(o.quantity) AS units FROM bronze.orders o JOIN (VALUES ('EUR', 'euro'), ('USD', 'dollar')) AS l(currency, label) ON l.currency = o.currency GROUP BY l.label

-- name: gold.linear_cte class: distributive
WITH big AS (SELECT order_id, channel, price * quantity AS total FROM bronze.orders WHERE quantity >= 3)
SELECT channel, count(*) AS n, sum(total) AS total FROM big GROUP BY channel

-- name: gold.two_linear_ctes class: algebraic
WITH cleaned AS (SELECT *, coalesce(channel, 'none') AS way FROM bronze.orders),
     enriched AS (SELECT c.way, c.price, p.category FROM cleaned c JOIN bronze.products p USING (product_id) WHERE c.price > 5)
SELECT way, category, avg(price) AS mean FROM enriched GROUP BY way, category

-- name: gold.linear_derived class: linear
SELECT order_id, total FROM (SELECT order_id, price * quantity AS total, currency FROM bronze.orders) AS t WHERE currency = 'EUR' AND total > 100

-- name: gold.derived_over_silver class: distributive
SELECT t.brand, sum(t.margin) AS margin FROM (SELECT brand, quantity * (price - cost) AS margin FROM silver.priced) t GROUP BY t.brand

-- name: gold.aggregate_of_aggregate class: merged
SELECT orders, count(*) AS customers FROM (SELECT customer_id, count(*) AS orders FROM bronze.orders GROUP BY customer_id) GROUP BY orders ORDER BY orders

-- name: gold.join_of_aggregates class: merged
WITH o AS (SELECT customer_id, sum(price * quantity) AS spent FROM bronze.orders GROUP BY 1), v AS (SELECT customer_id, count(*) AS views FROM bronze.page_views WHERE customer_id IS NOT NULL GROUP BY 1)
SELECT v.customer_id, v.views, o.spent, o.spent / v.views AS value_of_view FROM v LEFT JOIN o USING (customer_id)

-- name: gold.top_category_share class: distributive
WITH by_category AS (SELECT category, sum(price * quantity) AS revenue FROM silver.priced GROUP BY category)
SELECT category, revenue / (SELECT sum(revenue) FROM by_category) AS share FROM by_category ORDER BY share DESC LIMIT 3

-- name: gold.filter_after_aggregate class: distributive
SELECT brand, revenue FROM (SELECT brand, sum(price * quantity) AS revenue, count(*) AS n FROM silver.priced GROUP BY brand) WHERE n > 20 AND revenue BETWEEN 1000 AND 100000

-- name: gold.over_views class: holistic
SELECT coalesce(category, 'none') AS category, count(*) AS orders, sum(quantity * (price - cost)) AS margin, count(DISTINCT customer_id) AS customers FROM silver.priced GROUP BY coalesce(category, 'none')

-- name: gold.over_gold class: merged
SELECT category, orders, margin / orders AS margin_per_order, rank() OVER (ORDER BY margin DESC) AS place FROM gold.over_views

-- name: gold.orders_by_country class: distributive
SELECT country, region, count(*) AS orders, sum(price) AS revenue FROM silver.regional GROUP BY country, region

-- name: gold.gold_with_table class: merged
SELECT g.country, n.country_name, g.orders FROM gold.orders_by_country g LEFT JOIN bronze.countries n ON n.country = g.country

-- name: gold.union_of_filters class: linear
SELECT order_id, 'large' AS why FROM bronze.orders WHERE quantity >= 6 UNION ALL SELECT order_id, 'dear' FROM bronze.orders WHERE price > 120

-- name: gold.union_of_streams class: distributive
SELECT kind, day, count(*) AS events
FROM (SELECT 'order' AS kind, ordered_at::DATE AS day FROM bronze.orders UNION ALL SELECT 'view', viewed_at::DATE FROM bronze.page_views UNION ALL SELECT 'login', login_at::DATE FROM bronze.logins)
GROUP BY kind, day

-- name: gold.activity_feed class: linear
SELECT customer_id, ordered_at AS happened_at, 'bought ' || quantity AS what FROM bronze.orders WHERE customer_id < 10
UNION ALL BY NAME
SELECT viewed_at AS happened_at, 'saw ' || url AS what, customer_id FROM bronze.page_views WHERE customer_id < 10

-- name: gold.union_distinct class: distributive
SELECT customer_id FROM bronze.orders WHERE customer_id IS NOT NULL UNION SELECT customer_id FROM bronze.page_views WHERE customer_id IS NOT NULL

-- name: gold.except class: distributive
SELECT DISTINCT customer_id FROM bronze.page_views EXCEPT SELECT customer_id FROM bronze.orders

-- name: gold.total_row class: merged
SELECT channel, sum(quantity) AS units FROM bronze.orders WHERE channel IS NOT NULL GROUP BY channel UNION ALL SELECT 'total', sum(quantity) FROM bronze.orders

-- name: gold.lateral_alias class: distributive
SELECT channel, sum(price * quantity) AS revenue, count(*) AS n, revenue / n AS basket, CASE WHEN basket > 150 THEN 'high' ELSE 'low' END AS level FROM bronze.orders GROUP BY channel

-- name: gold.lateral_alias_in_rows class: linear
SELECT order_id, price * quantity AS gross, gross * (1 - coalesce(discount, 0)) AS net, net > 100 AS is_large FROM bronze.orders

-- name: gold.from_first class: distributive
FROM bronze.orders SELECT currency, count(*) AS n GROUP BY currency

-- name: gold.group_by_position class: distributive
SELECT year(ordered_at), month(ordered_at), count(*) FROM bronze.orders GROUP BY 1, 2 ORDER BY 1, 2

-- name: gold.filter_by_alias class: linear
SELECT order_id, upper(coalesce(channel, 'none')) AS way FROM bronze.orders WHERE way <> 'WEB'

-- name: gold.having_without_group class: distributive
SELECT sum(price) AS revenue FROM bronze.orders HAVING count(*) > 100

-- name: gold.nested_case class: distributive
SELECT CASE WHEN channel IS NULL THEN 'none' WHEN quantity > 3 THEN CASE channel WHEN 'web' THEN 'web bulk' ELSE 'other bulk' END ELSE 'single' END AS kind, count(*) AS n FROM bronze.orders GROUP BY kind

-- name: gold.percent_rank class: distributive
SELECT product_id, sum(price) AS revenue, percent_rank() OVER (ORDER BY sum(price)) AS place, cume_dist() OVER (ORDER BY sum(price)) AS below FROM bronze.orders GROUP BY product_id

-- name: gold.named_window class: distributive
SELECT channel, currency, sum(price) AS revenue, rank() OVER w AS place, sum(sum(price)) OVER (PARTITION BY channel) AS of_channel FROM bronze.orders GROUP BY channel, currency WINDOW w AS (PARTITION BY channel ORDER BY sum(price) DESC)

-- name: gold.first_value_of_groups class: distributive
SELECT channel, date_trunc('month', ordered_at) AS month, sum(price) AS revenue, first_value(sum(price)) OVER (PARTITION BY channel ORDER BY date_trunc('month', ordered_at)) AS first_month FROM bronze.orders GROUP BY 1, 2

-- name: gold.two_windows_in_qualify class: distributive
SELECT channel, product_id, sum(quantity) AS units FROM bronze.orders GROUP BY 1, 2
QUALIFY rank() OVER (PARTITION BY channel ORDER BY sum(quantity) DESC) <= 3 AND count(*) OVER (PARTITION BY product_id) > 1

-- name: gold.qualify_with_condition class: keyed
SELECT customer_id, order_id, price FROM bronze.orders WHERE customer_id IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY price DESC, order_id) <= 2 AND price > 60

-- name: gold.ordered_top_n class: keyed
SELECT channel, order_id, price, rank() OVER (PARTITION BY channel ORDER BY price DESC) AS place FROM bronze.orders QUALIFY place <= 5 ORDER BY channel, price DESC

-- name: gold.top_n_ordered_by_its_rank class: keyed
SELECT channel, order_id, price, row_number() OVER (PARTITION BY channel ORDER BY price DESC, order_id) AS place FROM bronze.orders QUALIFY place <= 5 ORDER BY channel, place

-- name: gold.keep_dense_rank class: keyed
SELECT currency, price, order_id FROM bronze.orders QUALIFY dense_rank() OVER (PARTITION BY currency ORDER BY price DESC) <= 2

-- name: gold.offset_rows class: linear
SELECT order_id, price FROM bronze.orders ORDER BY price DESC, order_id LIMIT 10 OFFSET 5

-- name: gold.recursive_categories class: distributive known: WITH RECURSIVE is refused
WITH RECURSIVE steps(n, floor_price) AS (SELECT 1, 0 UNION ALL SELECT n + 1, floor_price + 40 FROM steps WHERE n < 4)
SELECT o.order_id, max(s.n) AS step FROM bronze.orders o JOIN steps s ON o.price >= s.floor_price GROUP BY o.order_id
