-- Sales: sums, averages, shares, rankings and buckets over orders and payments.

-- name: silver.valued_orders class: linear
SELECT order_id, customer_id, product_id, quantity, price, coalesce(discount, 0) AS discount, channel, currency,
       nullif(coupon, '') AS coupon, ordered_at, CAST(ordered_at AS DATE) AS order_day,
       quantity * price AS gross, round(quantity * price * (1 - coalesce(discount, 0)), 2) AS net
FROM bronze.orders

-- name: gold.daily_revenue class: distributive
SELECT date_trunc('day', ordered_at) AS day, count(*) AS orders, sum(quantity) AS items, sum(quantity * price) AS revenue
FROM bronze.orders
GROUP BY 1
ORDER BY 1

-- name: gold.monthly_revenue_by_channel class: algebraic
SELECT date_trunc('month', ordered_at) AS month, coalesce(channel, 'unknown') AS channel,
       count(*) AS orders, sum(price * quantity) AS revenue, avg(price * quantity) AS average_order_value
FROM bronze.orders
GROUP BY date_trunc('month', ordered_at), coalesce(channel, 'unknown')

-- name: gold.revenue_net class: distributive
SELECT currency, sum(net) AS net, sum(gross) AS gross, sum(gross) - sum(net) AS given_away
FROM silver.valued_orders
GROUP BY currency

-- name: gold.revenue_in_euro class: distributive
SELECT o.currency, sum(o.quantity * o.price * r.rate) AS revenue_eur
FROM bronze.orders AS o
JOIN bronze.rates AS r ON r.currency = o.currency AND o.ordered_at >= r.valid_from AND o.ordered_at < r.valid_from + INTERVAL 30 DAY
GROUP BY o.currency

-- name: gold.sales_by_category class: holistic
SELECT p.category, count(DISTINCT o.order_id) AS orders, sum(o.quantity) AS units, sum(o.quantity * (o.price - p.cost)) AS margin
FROM bronze.orders o JOIN bronze.products p USING (product_id)
GROUP BY p.category

-- name: gold.sales_by_brand_and_segment class: distributive
SELECT p.brand, c.segment, sum(o.price * o.quantity) AS revenue, count(*) AS lines
FROM bronze.orders o
JOIN bronze.products p ON p.product_id = o.product_id
LEFT JOIN bronze.customers c ON c.customer_id = o.customer_id
GROUP BY p.brand, c.segment
HAVING count(*) > 2

-- name: gold.price_bands class: distributive
SELECT CASE WHEN price < 10 THEN 'a: under 10' WHEN price < 50 THEN 'b: 10 to 50' WHEN price < 100 THEN 'c: 50 to 100' ELSE 'd: from 100' END AS band,
       count(*) AS orders, min(price) AS lowest, max(price) AS highest
FROM bronze.orders
GROUP BY band
ORDER BY band

-- name: gold.orders_by_weekday_and_hour class: distributive
SELECT dayname(ordered_at) AS weekday, isodow(ordered_at) AS place, hour(ordered_at) AS hour, count(*) AS orders
FROM bronze.orders
GROUP BY ALL
ORDER BY place, hour

-- name: gold.coupon_usage class: algebraic
SELECT coalesce(nullif(coupon, ''), 'none') AS coupon, count(*) AS orders, round(100.0 * count(*) FILTER (WHERE discount > 0) / count(*), 1) AS discounted_pct,
       avg(discount) AS mean_discount
FROM bronze.orders
GROUP BY 1

-- name: gold.channel_pivot class: distributive
SELECT date_trunc('month', ordered_at) AS month,
       sum(quantity * price) FILTER (WHERE channel = 'web') AS web,
       sum(quantity * price) FILTER (WHERE channel = 'app') AS app,
       sum(quantity * price) FILTER (WHERE channel = 'store') AS store,
       sum(quantity * price) FILTER (WHERE channel IS NULL) AS unknown
FROM bronze.orders
GROUP BY 1
ORDER BY 1

-- name: gold.channel_pivot_by_case class: distributive
SELECT product_id, sum(CASE WHEN channel = 'web' THEN quantity ELSE 0 END) AS web, sum(CASE WHEN channel = 'app' THEN quantity ELSE 0 END) AS app,
       sum(CASE WHEN channel = 'store' THEN quantity END) AS store
FROM bronze.orders
GROUP BY product_id

-- name: gold.currency_share class: distributive
SELECT currency, sum(price) AS total, round(sum(price) / sum(sum(price)) OVER () * 100, 2) AS share_pct
FROM bronze.orders
GROUP BY currency

-- name: gold.category_share_by_month class: distributive
SELECT date_trunc('month', o.ordered_at) AS month, coalesce(p.category, '?') AS category, sum(o.price) AS revenue,
       sum(o.price) / sum(sum(o.price)) OVER (PARTITION BY date_trunc('month', o.ordered_at)) AS share
FROM bronze.orders o LEFT JOIN bronze.products p USING (product_id)
GROUP BY 1, 2

-- name: gold.top_products class: distributive
SELECT product_id, sum(quantity * price) AS revenue
FROM bronze.orders
GROUP BY product_id
ORDER BY revenue DESC, product_id
LIMIT 10

-- name: gold.top_3_products_a_month class: distributive
SELECT date_trunc('month', ordered_at) AS month, product_id, sum(quantity) AS units,
       row_number() OVER (PARTITION BY date_trunc('month', ordered_at) ORDER BY sum(quantity) DESC, product_id) AS place
FROM bronze.orders
GROUP BY 1, 2
QUALIFY place <= 3

-- name: gold.customer_ranking class: distributive
SELECT customer_id, sum(price * quantity) AS spent, rank() OVER (ORDER BY sum(price * quantity) DESC) AS place,
       ntile(4) OVER (ORDER BY sum(price * quantity) DESC, customer_id) AS quartile
FROM bronze.orders
WHERE customer_id IS NOT NULL
GROUP BY customer_id

-- name: gold.cumulative_revenue class: distributive
SELECT CAST(ordered_at AS DATE) AS day, sum(price * quantity) AS revenue,
       sum(sum(price * quantity)) OVER (ORDER BY CAST(ordered_at AS DATE)) AS running
FROM bronze.orders
GROUP BY 1

-- name: gold.revenue_moving_average class: distributive
WITH daily AS (
  SELECT CAST(ordered_at AS DATE) AS day, sum(price * quantity) AS revenue FROM bronze.orders GROUP BY 1
)
SELECT day, revenue, avg(revenue) OVER (ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS week_average
FROM daily

-- name: gold.revenue_moving_average_by_range class: distributive
SELECT day, revenue, sum(revenue) OVER (ORDER BY day RANGE BETWEEN INTERVAL 27 DAYS PRECEDING AND CURRENT ROW) AS last_28_days
FROM (SELECT date_trunc('day', ordered_at) AS day, sum(quantity * price) AS revenue FROM bronze.orders GROUP BY ALL) AS daily
ORDER BY day

-- name: gold.month_over_month class: distributive
WITH monthly AS (
  SELECT date_trunc('month', ordered_at) AS month, sum(price * quantity) AS revenue
  FROM bronze.orders
  GROUP BY 1
)
SELECT month, revenue, lag(revenue) OVER (ORDER BY month) AS before,
       round(100 * (revenue - lag(revenue) OVER (ORDER BY month)) / lag(revenue) OVER (ORDER BY month), 1) AS growth_pct
FROM monthly
ORDER BY month

-- name: gold.month_over_month_in_one_block class: distributive
SELECT date_trunc('month', ordered_at) AS month, sum(price * quantity) AS revenue,
       sum(price * quantity) - lag(sum(price * quantity)) OVER (ORDER BY date_trunc('month', ordered_at)) AS change
FROM bronze.orders
GROUP BY 1

-- name: gold.year_over_year class: merged
WITH m AS (SELECT year(ordered_at) AS y, month(ordered_at) AS m, sum(quantity * price) AS revenue FROM bronze.orders GROUP BY 1, 2)
SELECT cur.y, cur.m, cur.revenue, prev.revenue AS last_year, cur.revenue - prev.revenue AS change
FROM m AS cur LEFT JOIN m AS prev ON prev.y = cur.y - 1 AND prev.m = cur.m

-- name: gold.abc_analysis class: distributive
WITH revenue AS (
  SELECT product_id, sum(quantity * price) AS revenue FROM bronze.orders GROUP BY product_id
), shares AS (
  SELECT product_id, revenue, sum(revenue) OVER (ORDER BY revenue DESC, product_id) / sum(revenue) OVER () AS cumulated FROM revenue
)
SELECT product_id, revenue, CASE WHEN cumulated <= 0.8 THEN 'A' WHEN cumulated <= 0.95 THEN 'B' ELSE 'C' END AS abc
FROM shares

-- name: gold.pareto_customers class: distributive
SELECT customer_id, sum(price) AS revenue,
       sum(sum(price)) OVER (ORDER BY sum(price) DESC, customer_id ROWS UNBOUNDED PRECEDING) / sum(sum(price)) OVER () AS cumulated_share
FROM bronze.orders
WHERE customer_id IS NOT NULL
GROUP BY customer_id

-- name: gold.above_average_products class: algebraic
WITH per_product AS (SELECT product_id, avg(price) AS mean_price, count(*) AS n FROM bronze.orders GROUP BY product_id)
SELECT product_id, mean_price, n
FROM per_product
WHERE n > (SELECT avg(n) FROM per_product)

-- name: gold.share_of_all_orders class: distributive
SELECT channel, count(*) AS orders, count(*) * 1.0 / (SELECT count(*) FROM bronze.orders) AS share
FROM bronze.orders
GROUP BY channel

-- name: gold.rollup_sales class: distributive
SELECT channel, currency, sum(quantity * price) AS revenue, count(*) AS orders
FROM bronze.orders
GROUP BY ROLLUP (channel, currency)

-- name: gold.cube_sales class: distributive
SELECT coalesce(p.category, '(none)') AS category, o.channel, grouping(coalesce(p.category, '(none)')) AS is_total, sum(o.quantity) AS units
FROM bronze.orders o LEFT JOIN bronze.products p ON p.product_id = o.product_id
GROUP BY CUBE (coalesce(p.category, '(none)'), o.channel)

-- name: gold.grouping_sets_sales class: algebraic
SELECT year(ordered_at) AS y, month(ordered_at) AS m, channel, avg(price) AS mean_price, grouping_id(year(ordered_at), month(ordered_at), channel) AS level
FROM bronze.orders
GROUP BY GROUPING SETS ((year(ordered_at), month(ordered_at)), (channel), ())

-- name: gold.quarterly_pivot class: distributive
PIVOT (SELECT channel, quarter(ordered_at) AS q, quantity FROM bronze.orders) ON q IN (1, 2, 3, 4) USING sum(quantity) GROUP BY channel

-- name: gold.currency_pivot class: distributive
SELECT * FROM (SELECT product_id, currency, price FROM bronze.orders WHERE product_id < 20) PIVOT (sum(price) AS total, count(*) AS n FOR currency IN ('EUR', 'USD'))

-- name: gold.basket_statistics class: holistic
SELECT channel, median(price * quantity) AS median_value, quantile_cont(price * quantity, 0.9) AS p90, stddev_samp(price * quantity) AS deviation, max(quantity) AS largest
FROM bronze.orders
GROUP BY channel

-- name: gold.weighted_price class: algebraic
SELECT product_id, sum(price * quantity) / sum(quantity) AS weighted_price, avg(price) AS plain_price
FROM bronze.orders
GROUP BY product_id

-- name: gold.best_day_of_each_channel class: distributive
SELECT channel, day, revenue
FROM (SELECT channel, CAST(ordered_at AS DATE) AS day, sum(price) AS revenue, row_number() OVER (PARTITION BY channel ORDER BY sum(price) DESC, CAST(ordered_at AS DATE)) AS place
      FROM bronze.orders GROUP BY 1, 2)
WHERE place = 1

-- name: gold.discount_effect class: algebraic
SELECT coalesce(discount, 0) AS discount, count(*) AS n, avg(quantity) AS mean_quantity, corr(quantity, price) AS r, regr_slope(price, quantity) AS slope
FROM bronze.orders
GROUP BY 1
ORDER BY 1

-- name: gold.totals class: holistic
SELECT count(*) AS orders, count(DISTINCT customer_id) AS customers, sum(quantity) AS items, sum(quantity * price) AS revenue, min(ordered_at) AS first_order,
       max(ordered_at) AS last_order, avg(price) AS mean_price
FROM bronze.orders

-- name: gold.returning_versus_new class: merged
WITH firsts AS (SELECT customer_id, min(date_trunc('month', ordered_at)) AS first_month FROM bronze.orders WHERE customer_id IS NOT NULL GROUP BY customer_id),
     monthly AS (SELECT customer_id, date_trunc('month', ordered_at) AS month, sum(price) AS revenue FROM bronze.orders GROUP BY ALL)
SELECT m.month, CASE WHEN m.month = f.first_month THEN 'new' ELSE 'returning' END AS kind, count(*) AS customers, sum(m.revenue) AS revenue
FROM monthly m JOIN firsts f USING (customer_id)
GROUP BY 1, 2

-- name: gold.settled_payments class: distributive
SELECT method, sum(amount) FILTER (state = 'settled') AS settled, sum(amount) FILTER (state = 'refunded') AS refunded,
       sum(CASE state WHEN 'settled' THEN amount WHEN 'refunded' THEN -amount ELSE 0 END) AS balance, sum(fee) AS fees
FROM bronze.payments
GROUP BY method

-- name: gold.failure_rate_by_day class: distributive
SELECT date_trunc('week', paid_at) AS week, method, count(*) AS tries, count_if(state = 'failed') AS failed,
       count_if(state = 'failed') / count(*)::DOUBLE AS failure_rate
FROM bronze.payments
GROUP BY week, method
HAVING tries >= 3
ORDER BY week, failure_rate DESC

-- name: gold.fee_ratio class: distributive
SELECT method, round(sum(fee) / nullif(sum(amount), 0) * 100, 3) AS fee_pct FROM bronze.payments WHERE state = 'settled' GROUP BY method

-- name: gold.revenue_per_capita class: distributive
SELECT n.region, sum(o.price * o.quantity) AS revenue, sum(o.price * o.quantity) / max(n.population) AS per_million
FROM bronze.orders o
JOIN bronze.customers c ON o.customer_id = c.customer_id
JOIN bronze.countries n ON n.country = c.country
WHERE n.region IS NOT NULL
GROUP BY n.region
