-- Data quality: missing values, duplicates, ranges, late events, references that lead nowhere, freshness.

-- name: silver.suspect_orders class: linear
SELECT order_id, customer_id, product_id, price, list_filter(['no customer', 'no channel', 'no discount'], lambda w, i: [customer_id IS NULL, channel IS NULL, discount IS NULL][i]) AS problems
FROM bronze.orders
WHERE customer_id IS NULL OR channel IS NULL OR discount IS NULL

-- name: gold.null_counts class: distributive
SELECT count(*) AS rows, count(*) - count(customer_id) AS no_customer, count(*) - count(channel) AS no_channel, count_if(coupon IS NULL) AS no_coupon, count_if(coupon = '') AS empty_coupon,
       round(100.0 * count_if(discount IS NULL) / count(*), 2) AS no_discount_pct
FROM bronze.orders

-- name: gold.null_counts_by_day class: distributive
SELECT CAST(ordered_at AS DATE) AS day, count(*) AS rows, sum((customer_id IS NULL)::INTEGER) AS no_customer, sum(CASE WHEN attributes IS NULL THEN 1 ELSE 0 END) AS no_attributes FROM bronze.orders GROUP BY 1

-- name: gold.column_profile class: linear
SELECT 'price' AS column_name, price::DOUBLE AS number, price IS NULL AS is_missing FROM bronze.orders
UNION ALL
SELECT 'discount', discount, discount IS NULL FROM bronze.orders

-- name: gold.number_profile class: holistic
SELECT column_name, count(*) AS rows, count(number) AS filled, min(number) AS low, max(number) AS high, count(DISTINCT number) AS different
FROM (SELECT 'price' AS column_name, price::DOUBLE AS number FROM bronze.orders UNION ALL SELECT 'quantity', quantity FROM bronze.orders UNION ALL SELECT 'discount', discount FROM bronze.orders)
GROUP BY column_name

-- name: gold.duplicate_keys class: distributive
SELECT order_id, count(*) AS copies, min(ordered_at) = max(ordered_at) AS is_same FROM bronze.orders GROUP BY order_id HAVING count(*) > 1 ORDER BY order_id

-- name: gold.duplicate_share class: merged
SELECT count(*) AS keys, sum(copies) AS rows, count(*) FILTER (copies > 1) AS repeated, 1 - count(*) / sum(copies) AS share
FROM (SELECT order_id, count(*) AS copies FROM bronze.orders GROUP BY order_id)

-- name: gold.missing_products class: distributive
SELECT o.product_id, count(*) AS orders FROM bronze.orders o LEFT JOIN bronze.products p ON p.product_id = o.product_id WHERE p.product_id IS NULL GROUP BY o.product_id

-- name: gold.missing_references class: distributive
SELECT count(*) AS orders, count_if(c.customer_id IS NULL AND o.customer_id IS NOT NULL) AS unknown_customers, count_if(p.product_id IS NULL) AS unknown_products
FROM bronze.orders o LEFT JOIN bronze.customers c ON c.customer_id = o.customer_id LEFT JOIN bronze.products p ON p.product_id = o.product_id

-- name: gold.payments_without_order class: read_time
SELECT p.payment_id, p.order_id FROM bronze.payments p WHERE NOT EXISTS (FROM bronze.orders o WHERE o.order_id = p.order_id)

-- name: gold.paid_versus_ordered class: merged
WITH paid AS (SELECT order_id, sum(amount) FILTER (state = 'settled') AS paid FROM bronze.payments GROUP BY order_id)
SELECT o.order_id, o.price * o.quantity AS ordered, p.paid, p.paid >= o.price * o.quantity AS is_covered
FROM (SELECT DISTINCT order_id, price, quantity FROM bronze.orders) o LEFT JOIN paid p ON p.order_id = o.order_id

-- name: gold.ranges class: distributive
SELECT metric, min(value) AS low, max(value) AS high, count_if(value < 0 OR value > 100) AS impossible, count_if(isnan(value)) AS not_numbers FROM bronze.readings GROUP BY metric

-- name: gold.late_events class: read_time
SELECT count(*) AS late, max(newest - read_at) AS worst
FROM (SELECT read_at, max(read_at) OVER (ORDER BY reading_id) AS newest FROM bronze.readings)
WHERE read_at < newest - INTERVAL 1 HOUR

-- name: gold.freshness class: distributive
SELECT sensor, max(read_at) AS last_event, count(*) FILTER (WHERE read_at >= TIMESTAMP '2024-02-07') AS recent FROM bronze.readings GROUP BY sensor

-- name: gold.invalid_mails class: distributive
SELECT count(*) AS orders, count_if(c.email IS NULL) AS without, count_if(c.email !~ '^[^@]+@[^@]+\.[a-z]+$') AS invalid FROM bronze.orders o JOIN bronze.customers c USING (customer_id)

-- name: gold.allowed_values class: distributive
SELECT state, count(*) AS n FROM bronze.payments WHERE state NOT IN ('settled', 'failed', 'refunded') OR state IS NULL GROUP BY state

-- name: gold.sequence_gaps class: read_time
SELECT payment_id + 1 AS from_id, next_id - 1 AS to_id
FROM (SELECT payment_id, lead(payment_id) OVER (ORDER BY payment_id) AS next_id FROM bronze.payments)
WHERE next_id > payment_id + 1

-- name: gold.daily_volume class: distributive
WITH daily AS (SELECT ordered_at::DATE AS day, count(*) AS n FROM bronze.orders GROUP BY ALL)
SELECT day, n, avg(n) OVER w AS usual, n < 0.5 * avg(n) OVER w AS is_low
FROM daily
WINDOW w AS (ORDER BY day ROWS BETWEEN 7 PRECEDING AND 1 PRECEDING)

-- name: gold.days_without_orders class: merged
SELECT d.day
FROM (SELECT unnest(range(DATE '2024-01-01', DATE '2024-04-01', INTERVAL 1 DAY))::DATE AS day) AS d
LEFT JOIN (SELECT DISTINCT ordered_at::DATE AS day FROM bronze.orders) AS o ON o.day = d.day
WHERE o.day IS NULL

-- name: gold.status_order class: holistic
SELECT order_id, max(changed_at) FILTER (status = 'placed') > min(changed_at) FILTER (status = 'shipped') AS is_out_of_order, count(DISTINCT status) < count(*) AS has_repeats
FROM bronze.order_status
GROUP BY order_id
HAVING count(*) > 1

-- name: gold.distinct_values class: holistic
SELECT count(DISTINCT channel) AS channels, count(DISTINCT currency) AS currencies, count(DISTINCT customer_id) AS customers, count(DISTINCT (customer_id, product_id)) AS pairs FROM bronze.orders

-- name: gold.value_lengths class: algebraic
SELECT min(length(url)) AS shortest, max(length(url)) AS longest, avg(length(url)) AS mean, count_if(url = '') AS empty FROM bronze.page_views

-- name: gold.checksums class: distributive
SELECT channel, count(*) AS n, bit_xor(hash(order_id, price)) AS checksum FROM bronze.orders GROUP BY channel

-- name: gold.sampled class: linear
SELECT order_id, price FROM bronze.orders WHERE hash(order_id) % 10 = 0

-- name: gold.reconciliation class: merged
SELECT coalesce(a.day, b.day) AS day, coalesce(a.n, 0) AS orders, coalesce(b.n, 0) AS views
FROM (SELECT ordered_at::DATE AS day, count(*) AS n FROM bronze.orders GROUP BY 1) a
FULL JOIN (SELECT viewed_at::DATE AS day, count(*) AS n FROM bronze.page_views GROUP BY 1) b ON a.day = b.day

-- name: gold.weekly_completeness class: distributive
SELECT date_trunc('week', paid_at) AS week, count(*) AS payments, count(amount) AS with_amount, count(*) FILTER (WHERE amount < 0) AS negative, sum(abs(amount)) AS volume
FROM bronze.payments
GROUP BY 1
ORDER BY 1
