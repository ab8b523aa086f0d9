-- Customers: latest state, deduplication, cohorts, retention, churn, value, slowly changing dimensions.

-- name: silver.known_orders class: linear
SELECT o.*, c.name, c.country, c.segment, c.signed_up FROM bronze.orders o JOIN bronze.customers c ON c.customer_id = o.customer_id

-- name: silver.current_subscription class: keyed
SELECT * FROM bronze.subscriptions QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY effective DESC, event_id DESC) = 1

-- name: gold.latest_status class: keyed
SELECT order_id, status, changed_at, warehouse
FROM bronze.order_status
QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY changed_at DESC, status) = 1

-- name: gold.latest_status_by_subquery class: keyed
SELECT order_id, status, changed_at
FROM (SELECT *, row_number() OVER (PARTITION BY order_id ORDER BY changed_at DESC, status) AS rn FROM bronze.order_status)
WHERE rn = 1

-- name: gold.latest_status_by_cte class: keyed
WITH ranked AS (
  SELECT order_id, status, warehouse, row_number() OVER (PARTITION BY order_id ORDER BY changed_at DESC, status DESC) AS rn
  FROM bronze.order_status
)
SELECT order_id, status, warehouse FROM ranked WHERE rn <= 2

-- name: gold.latest_status_by_arg_max class: algebraic
SELECT order_id, arg_max(status, changed_at) AS status, max(changed_at) AS changed_at, count(*) AS changes
FROM bronze.order_status
GROUP BY order_id

-- name: gold.latest_status_struct class: algebraic
SELECT order_id, max_by({'status': status, 'warehouse': warehouse}, changed_at) AS latest FROM bronze.order_status GROUP BY order_id

-- name: gold.latest_by_self_join class: read_time
SELECT s.order_id, s.status
FROM bronze.order_status s
JOIN (SELECT order_id, max(changed_at) AS changed_at FROM bronze.order_status GROUP BY order_id) l ON l.order_id = s.order_id AND l.changed_at = s.changed_at

-- name: gold.latest_by_distinct_on class: keyed
SELECT DISTINCT ON (customer_id) customer_id, event_id, plan, mrr, effective FROM bronze.subscriptions ORDER BY customer_id, effective DESC, event_id DESC

-- name: gold.plan_mix class: merged
SELECT plan, count(*) AS customers, sum(mrr) AS mrr FROM silver.current_subscription WHERE kind <> 'cancel' GROUP BY plan

-- name: gold.current_mrr_by_country class: merged
SELECT c.country, sum(s.mrr) AS mrr, count(*) AS n FROM silver.current_subscription s JOIN bronze.customers c USING (customer_id) WHERE s.kind <> 'cancel' GROUP BY c.country

-- name: gold.order_backlog class: merged
WITH latest AS (SELECT order_id, arg_max(status, changed_at) AS status FROM bronze.order_status GROUP BY order_id)
SELECT status, count(*) AS orders FROM latest GROUP BY status

-- name: gold.status_durations class: read_time
SELECT order_id, status, changed_at, lead(changed_at) OVER (PARTITION BY order_id ORDER BY changed_at, status) - changed_at AS stayed
FROM bronze.order_status

-- name: gold.fulfilment_times class: distributive
SELECT order_id, min(changed_at) FILTER (WHERE status = 'placed') AS placed_at, min(changed_at) FILTER (WHERE status = 'shipped') AS shipped_at,
       date_diff('hour', min(changed_at) FILTER (WHERE status = 'placed'), min(changed_at) FILTER (WHERE status = 'shipped')) AS hours
FROM bronze.order_status
GROUP BY order_id

-- name: gold.fulfilment_statistics class: merged
SELECT count(*) AS orders, avg(hours) AS mean_hours, median(hours) AS median_hours, max(hours) AS worst
FROM (SELECT order_id, date_diff('hour', min(changed_at), max(changed_at) FILTER (status = 'shipped')) AS hours FROM bronze.order_status GROUP BY order_id)
WHERE hours IS NOT NULL

-- name: gold.deduplicated_orders class: keyed
SELECT order_id, customer_id, price, ordered_at FROM bronze.orders QUALIFY row_number() OVER (PARTITION BY order_id) = 1

-- name: gold.distinct_orders class: distributive
SELECT DISTINCT order_id, customer_id, product_id, quantity, price FROM bronze.orders

-- name: gold.duplicated_orders class: distributive
SELECT order_id, count(*) AS copies FROM bronze.orders GROUP BY order_id HAVING count(*) > 1

-- name: gold.duplicates_removed class: merged
SELECT channel, sum(price * quantity) AS revenue, count(*) AS orders
FROM (SELECT DISTINCT order_id, channel, price, quantity FROM bronze.orders)
GROUP BY channel

-- name: gold.customer_lifetime class: algebraic
SELECT customer_id, count(*) AS orders, sum(price * quantity) AS revenue, min(ordered_at) AS first_order, max(ordered_at) AS last_order,
       date_diff('day', min(ordered_at), max(ordered_at)) AS lifetime_days, avg(price * quantity) AS basket
FROM bronze.orders
WHERE customer_id IS NOT NULL
GROUP BY customer_id

-- name: gold.rfm class: distributive
WITH base AS (
  SELECT customer_id, max(ordered_at) AS last_order, count(*) AS frequency, sum(price * quantity) AS monetary
  FROM bronze.orders WHERE customer_id IS NOT NULL GROUP BY customer_id
)
SELECT customer_id, ntile(5) OVER (ORDER BY last_order, customer_id) AS r, ntile(5) OVER (ORDER BY frequency, customer_id) AS f,
       ntile(5) OVER (ORDER BY monetary, customer_id) AS m
FROM base

-- name: gold.value_segments class: merged
WITH spend AS (SELECT customer_id, sum(price * quantity) AS spent FROM bronze.orders GROUP BY customer_id)
SELECT CASE WHEN spent >= 2000 THEN 'gold' WHEN spent >= 500 THEN 'silver' ELSE 'bronze' END AS tier, count(*) AS customers, sum(spent) AS revenue, avg(spent) AS mean_spent
FROM spend
WHERE customer_id IS NOT NULL
GROUP BY tier

-- name: gold.signup_cohorts class: holistic
SELECT date_trunc('quarter', c.signed_up) AS cohort, date_trunc('month', o.ordered_at) AS month, count(DISTINCT o.customer_id) AS active, sum(o.price) AS revenue
FROM bronze.orders o JOIN bronze.customers c USING (customer_id)
GROUP BY 1, 2
ORDER BY 1, 2

-- name: gold.order_cohort_retention class: merged
WITH firsts AS (SELECT customer_id, date_trunc('month', min(ordered_at)) AS cohort FROM bronze.orders WHERE customer_id IS NOT NULL GROUP BY customer_id),
     activity AS (SELECT DISTINCT customer_id, date_trunc('month', ordered_at) AS month FROM bronze.orders WHERE customer_id IS NOT NULL)
SELECT f.cohort, date_diff('month', f.cohort, a.month) AS months_later, count(*) AS customers
FROM firsts f JOIN activity a ON a.customer_id = f.customer_id
GROUP BY 1, 2
ORDER BY 1, 2

-- name: gold.retention_share class: merged
WITH firsts AS (SELECT user_id, min(CAST(login_at AS DATE)) AS day0 FROM bronze.logins WHERE success GROUP BY user_id),
     days AS (SELECT user_id, CAST(login_at AS DATE) AS day FROM bronze.logins WHERE success GROUP BY 1, 2)
SELECT count(DISTINCT f.user_id) AS users, count(DISTINCT f.user_id) FILTER (WHERE d.day = f.day0 + 1) AS day1,
       count(DISTINCT f.user_id) FILTER (WHERE d.day BETWEEN f.day0 + 1 AND f.day0 + 7) AS week1
FROM firsts f JOIN days d ON d.user_id = f.user_id

-- name: gold.rebuy_within_30_days class: read_time
SELECT a.customer_id, count(DISTINCT b.order_id) AS rebuys
FROM bronze.orders a JOIN bronze.orders b ON b.customer_id = a.customer_id AND b.ordered_at > a.ordered_at AND b.ordered_at <= a.ordered_at + INTERVAL 30 DAYS
GROUP BY a.customer_id

-- name: gold.days_between_orders class: read_time
SELECT customer_id, avg(gap) AS mean_gap, max(gap) AS longest_gap
FROM (SELECT customer_id, date_diff('day', lag(ordered_at) OVER (PARTITION BY customer_id ORDER BY ordered_at, order_id), ordered_at) AS gap FROM bronze.orders)
WHERE customer_id IS NOT NULL
GROUP BY customer_id

-- name: gold.dormant_customers class: distributive
SELECT customer_id, max(ordered_at) AS last_order FROM bronze.orders GROUP BY customer_id HAVING max(ordered_at) < TIMESTAMP '2024-03-01'

-- name: gold.churned_customers class: merged
SELECT s.customer_id, s.effective AS left_on, s.plan AS last_plan FROM silver.current_subscription s WHERE s.kind = 'cancel'

-- name: gold.mrr_movements class: distributive
SELECT date_trunc('month', effective) AS month, sum(mrr) FILTER (WHERE kind = 'start') AS new_mrr, sum(mrr) FILTER (WHERE kind = 'upgrade') AS expansion,
       -sum(mrr) FILTER (WHERE kind = 'downgrade') AS contraction, -coalesce(sum(mrr) FILTER (WHERE kind = 'cancel'), 0) AS churn, count(*) AS events
FROM bronze.subscriptions
GROUP BY month

-- name: gold.subscription_periods class: read_time
SELECT customer_id, plan, effective AS valid_from, lead(effective) OVER (PARTITION BY customer_id ORDER BY effective, event_id) AS valid_to, mrr
FROM bronze.subscriptions

-- name: gold.subscriptions_as_of class: keyed
SELECT customer_id, plan, kind, effective FROM bronze.subscriptions WHERE effective <= DATE '2023-12-31'
QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY effective DESC, event_id DESC) = 1

-- name: gold.plan_changes class: read_time
SELECT customer_id, event_id, before, plan
FROM (SELECT customer_id, event_id, plan, lag(plan) OVER (PARTITION BY customer_id ORDER BY effective, event_id) AS before FROM bronze.subscriptions)
WHERE before IS DISTINCT FROM plan AND before IS NOT NULL

-- name: gold.plan_history class: holistic
SELECT customer_id, list(plan ORDER BY effective, event_id) AS plans, string_agg(kind, ' > ' ORDER BY effective, event_id) AS path, count(*) AS steps
FROM bronze.subscriptions
GROUP BY customer_id

-- name: gold.first_and_last_plan class: algebraic
SELECT customer_id, arg_min(plan, effective) AS first_plan, arg_max(plan, effective) AS last_plan, first(kind) AS first_seen, last(kind) AS last_seen
FROM bronze.subscriptions
GROUP BY customer_id

-- name: gold.first_plan_ordered class: algebraic
SELECT customer_id, first(plan ORDER BY effective, event_id) AS first_plan, last(plan ORDER BY effective, event_id) AS last_plan
FROM bronze.subscriptions
GROUP BY customer_id

-- name: gold.customers_with_orders class: holistic
SELECT segment, country, count(DISTINCT customer_id) AS buyers, count(*) AS orders FROM silver.known_orders GROUP BY segment, country

-- name: gold.unknown_customers class: distributive
SELECT o.customer_id, count(*) AS orders FROM bronze.orders o ANTI JOIN bronze.customers c ON c.customer_id = o.customer_id GROUP BY o.customer_id

-- name: gold.customers_without_orders class: read_time
SELECT c.customer_id, c.name FROM bronze.customers c WHERE NOT EXISTS (SELECT 1 FROM bronze.orders o WHERE o.customer_id = c.customer_id)

-- name: gold.customers_with_any_order class: read_time
SELECT c.customer_id, c.segment FROM bronze.customers c LEFT JOIN bronze.orders o ON o.customer_id = c.customer_id GROUP BY ALL HAVING count(o.order_id) > 0

-- name: gold.business_orders class: distributive
SELECT channel, count(*) AS orders, sum(price) AS revenue
FROM bronze.orders
WHERE customer_id IN (SELECT customer_id FROM bronze.customers WHERE segment = 'business')
GROUP BY channel

-- name: gold.orders_of_strangers class: linear
SELECT order_id, customer_id, price FROM bronze.orders o WHERE NOT EXISTS (SELECT 1 FROM bronze.customers c WHERE c.customer_id = o.customer_id)

-- name: gold.european_orders class: linear
SELECT o.order_id, o.price, c.country
FROM bronze.orders o JOIN bronze.customers c USING (customer_id)
WHERE EXISTS (SELECT 1 FROM bronze.countries n WHERE n.country = c.country AND n.region = 'EU')

-- name: gold.price_at_order_time class: linear
SELECT o.order_id, o.product_id, o.price AS paid, h.price AS listed, o.price - h.price AS difference
FROM bronze.orders o
LEFT JOIN bronze.price_history h ON h.product_id = o.product_id AND o.ordered_at >= h.valid_from AND (h.valid_to IS NULL OR o.ordered_at < h.valid_to)

-- name: gold.price_at_order_time_by_asof class: linear
SELECT o.order_id, o.product_id, h.price AS listed
FROM bronze.orders o ASOF LEFT JOIN bronze.price_history h ON h.product_id = o.product_id AND o.ordered_at >= h.valid_from

-- name: gold.listed_revenue_by_asof class: distributive
SELECT p.category, sum(o.quantity * h.price) AS listed_revenue, sum(o.quantity * o.price) AS revenue
FROM bronze.orders o
ASOF JOIN bronze.price_history h ON h.product_id = o.product_id AND h.valid_from <= o.ordered_at
JOIN bronze.products p ON p.product_id = o.product_id
GROUP BY p.category

-- name: gold.tenure_at_order class: linear
SELECT order_id, customer_id, date_diff('day', signed_up, ordered_at) AS tenure_days, age(ordered_at, signed_up::TIMESTAMP) AS tenure, ordered_at < signed_up AS is_before_signup
FROM silver.known_orders

-- name: gold.tenure_bands class: algebraic
SELECT CASE WHEN date_diff('month', signed_up, ordered_at) < 3 THEN '0-2' WHEN date_diff('month', signed_up, ordered_at) < 12 THEN '3-11' ELSE '12+' END AS months,
       count(*) AS orders, avg(price) AS mean_price
FROM silver.known_orders
GROUP BY ALL

-- name: gold.email_domains class: holistic
SELECT split_part(c.email, '@', 2) AS domain, count(*) AS orders, count(DISTINCT o.customer_id) AS customers
FROM bronze.orders o INNER JOIN bronze.customers c ON c.customer_id = o.customer_id
WHERE c.email LIKE '%@%'
GROUP BY domain

-- name: gold.second_orders class: keyed
SELECT customer_id, order_id, ordered_at FROM bronze.orders WHERE customer_id IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY ordered_at, order_id, quantity) <= 2

-- name: gold.exactly_second_orders class: keyed
SELECT customer_id, order_id, ordered_at FROM bronze.orders WHERE customer_id IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY ordered_at, order_id, quantity) = 2

-- name: gold.favourite_product class: distributive
SELECT customer_id, product_id, sum(quantity) AS units
FROM bronze.orders
GROUP BY customer_id, product_id
QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY sum(quantity) DESC, product_id) = 1

-- name: gold.favourite_channel class: holistic
SELECT customer_id, mode(channel) AS channel, count(DISTINCT channel) AS channels FROM bronze.orders GROUP BY customer_id
