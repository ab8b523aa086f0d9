-- A web shop's page views: sessions, funnels, attribution, engagement, experiments.

-- name: silver.hits class: linear
SELECT view_id, visitor, customer_id, split_part(url, '?', 1) AS page, nullif(regexp_extract(url, '[?&]topic=([0-9]+)', 1), '') AS topic,
       nullif(referrer, '') AS referrer, campaign, device, country, coalesce(duration_ms, 0) AS duration_ms, viewed_at
FROM bronze.page_views

-- name: silver.product_hits class: linear
SELECT view_id, visitor, CAST(regexp_extract(page, '^/product/(\d+)$', 1) AS INTEGER) AS product_id, viewed_at
FROM silver.hits
WHERE page LIKE '/product/%'

-- name: silver.tagged_hits class: linear
SELECT h.*, CASE WHEN c.channel_group IS NOT NULL THEN c.channel_group WHEN h.referrer LIKE '%search%' THEN 'organic' WHEN h.referrer LIKE '%social%' THEN 'social' ELSE 'direct' END AS channel_group
FROM silver.hits h LEFT JOIN bronze.campaigns c ON c.campaign = h.campaign

-- name: gold.page_traffic class: holistic
SELECT page, count(*) AS views, count(DISTINCT visitor) AS visitors, avg(duration_ms) / 1000 AS mean_seconds FROM silver.hits GROUP BY page

-- name: gold.daily_visitors class: holistic
SELECT CAST(viewed_at AS DATE) AS day, count(DISTINCT visitor) AS visitors, count(*) AS views, count(*) / count(DISTINCT visitor) AS views_per_visitor
FROM bronze.page_views
GROUP BY day

-- name: gold.monthly_active class: holistic
SELECT strftime(viewed_at, '%Y-%m') AS month, count(DISTINCT visitor) AS active, count(DISTINCT customer_id) AS known FROM bronze.page_views GROUP BY 1

-- name: gold.stickiness class: merged
WITH daily AS (SELECT CAST(viewed_at AS DATE) AS day, count(DISTINCT visitor) AS dau FROM bronze.page_views GROUP BY 1),
     monthly AS (SELECT date_trunc('month', viewed_at)::DATE AS month, count(DISTINCT visitor) AS mau FROM bronze.page_views GROUP BY 1)
SELECT m.month, avg(d.dau) / max(m.mau) AS stickiness
FROM daily d JOIN monthly m ON date_trunc('month', d.day)::DATE = m.month
GROUP BY m.month

-- name: gold.sessions class: read_time
WITH marked AS (
  SELECT visitor, view_id, viewed_at,
         CASE WHEN viewed_at - lag(viewed_at) OVER (PARTITION BY visitor ORDER BY viewed_at, view_id) <= INTERVAL 30 MINUTES THEN 0 ELSE 1 END AS is_start
  FROM bronze.page_views
), numbered AS (
  SELECT visitor, view_id, viewed_at, sum(is_start) OVER (PARTITION BY visitor ORDER BY viewed_at, view_id) AS session FROM marked
)
SELECT visitor, session, min(viewed_at) AS began, max(viewed_at) AS ended, count(*) AS views
FROM numbered
GROUP BY visitor, session

-- name: gold.session_statistics class: read_time
SELECT count(*) AS sessions, avg(views) AS mean_views, median(seconds) AS median_seconds, count(*) FILTER (WHERE views = 1) / count(*) AS bounce_rate
FROM (
  SELECT visitor, session, count(*) AS views, date_diff('second', min(viewed_at), max(viewed_at)) AS seconds
  FROM (
    SELECT *, sum(CASE WHEN gap IS NULL OR gap > 1800 THEN 1 ELSE 0 END) OVER (PARTITION BY visitor ORDER BY viewed_at, view_id ROWS UNBOUNDED PRECEDING) AS session
    FROM (SELECT visitor, view_id, viewed_at, date_diff('second', lag(viewed_at) OVER w, viewed_at) AS gap FROM bronze.page_views WINDOW w AS (PARTITION BY visitor ORDER BY viewed_at, view_id))
  )
  GROUP BY visitor, session
)

-- name: gold.entry_pages class: algebraic
SELECT visitor, CAST(viewed_at AS DATE) AS day, arg_min(url, viewed_at) AS entry, arg_max(url, viewed_at) AS exit, count(*) AS views
FROM bronze.page_views
GROUP BY visitor, CAST(viewed_at AS DATE)

-- name: gold.entry_page_counts class: merged
SELECT entry, count(*) AS visits
FROM (SELECT visitor, date_trunc('day', viewed_at) AS day, arg_min(split_part(url, '?', 1), viewed_at) AS entry FROM bronze.page_views GROUP BY 1, 2)
GROUP BY entry
ORDER BY visits DESC, entry

-- name: gold.funnel_by_visitor class: distributive
SELECT visitor, bool_or(page LIKE '/product/%') AS saw_product, bool_or(page = '/cart') AS had_cart, bool_or(page = '/checkout') AS checked_out, bool_or(page = '/thanks') AS bought
FROM silver.hits
GROUP BY visitor

-- name: gold.funnel class: merged
SELECT count(*) AS visitors, count_if(saw_product) AS products, count_if(saw_product AND had_cart) AS carts, count_if(saw_product AND had_cart AND checked_out) AS checkouts,
       count_if(saw_product AND had_cart AND checked_out AND bought) AS purchases
FROM gold.funnel_by_visitor

-- name: gold.ordered_funnel class: merged
WITH steps AS (
  SELECT visitor, min(viewed_at) FILTER (WHERE url LIKE '/product/%') AS t1, min(viewed_at) FILTER (WHERE url = '/cart') AS t2, min(viewed_at) FILTER (WHERE url = '/checkout') AS t3
  FROM bronze.page_views
  GROUP BY visitor
)
SELECT count(t1) AS step1, count(CASE WHEN t2 > t1 THEN 1 END) AS step2, count(CASE WHEN t2 > t1 AND t3 > t2 THEN 1 END) AS step3,
       avg(date_diff('minute', t1, t2)) FILTER (WHERE t2 > t1) AS mean_minutes
FROM steps

-- name: gold.funnel_counts_by_device class: holistic
SELECT device, count(DISTINCT visitor) FILTER (WHERE url LIKE '/product/%') AS products, count(DISTINCT CASE WHEN url = '/cart' THEN visitor END) AS carts,
       count(DISTINCT visitor) FILTER (WHERE url = '/thanks') AS purchases
FROM bronze.page_views
GROUP BY device

-- name: gold.next_pages class: read_time
SELECT page, next_page, count(*) AS n
FROM (SELECT split_part(url, '?', 1) AS page, lead(split_part(url, '?', 1)) OVER (PARTITION BY visitor ORDER BY viewed_at, view_id) AS next_page FROM bronze.page_views)
WHERE next_page IS NOT NULL
GROUP BY page, next_page

-- name: gold.page_path class: holistic
SELECT visitor, string_agg(split_part(url, '?', 1), ' > ' ORDER BY viewed_at, view_id) AS path FROM bronze.page_views GROUP BY visitor HAVING count(*) <= 12

-- name: gold.first_touch class: algebraic
SELECT customer_id, arg_min(coalesce(campaign, 'none'), viewed_at) AS first_campaign, min(viewed_at) AS first_seen FROM bronze.page_views WHERE customer_id IS NOT NULL GROUP BY customer_id

-- name: gold.last_touch class: keyed
SELECT visitor, campaign, referrer, viewed_at FROM bronze.page_views WHERE campaign IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY visitor ORDER BY viewed_at DESC, view_id DESC) = 1

-- name: gold.touches class: merged
WITH first_touch AS (
  SELECT visitor, campaign AS first_campaign FROM bronze.page_views WHERE campaign IS NOT NULL
  QUALIFY row_number() OVER (PARTITION BY visitor ORDER BY viewed_at, view_id) = 1
), last_touch AS (
  SELECT visitor, campaign AS last_campaign FROM bronze.page_views WHERE campaign IS NOT NULL
  QUALIFY row_number() OVER (PARTITION BY visitor ORDER BY viewed_at DESC, view_id DESC) = 1
)
SELECT first_campaign, last_campaign, count(*) AS visitors
FROM first_touch JOIN last_touch USING (visitor)
GROUP BY ALL

-- name: gold.first_touch_revenue class: read_time
WITH touch AS (SELECT customer_id, arg_min(campaign, viewed_at) AS campaign FROM bronze.page_views WHERE customer_id IS NOT NULL GROUP BY 1)
SELECT t.campaign, count(DISTINCT o.order_id) AS orders, sum(o.price * o.quantity) AS revenue
FROM bronze.orders o JOIN touch t ON t.customer_id = o.customer_id
GROUP BY t.campaign

-- name: gold.linear_attribution class: read_time
SELECT campaign, sum(1.0 / touches) AS credit
FROM (SELECT visitor, campaign, count(*) OVER (PARTITION BY visitor) AS touches FROM bronze.page_views WHERE campaign IS NOT NULL)
GROUP BY campaign

-- name: gold.channel_groups class: holistic
SELECT channel_group, count(*) AS views, count(DISTINCT visitor) AS visitors FROM silver.tagged_hits GROUP BY channel_group

-- name: gold.campaign_cost_per_view class: distributive
SELECT c.campaign, max(c.budget) AS budget, count(*) AS views, max(c.budget) / count(*) AS cost_per_view
FROM bronze.page_views v JOIN bronze.campaigns c ON v.campaign = c.campaign
GROUP BY c.campaign

-- name: gold.unused_campaigns class: read_time
SELECT c.campaign, c.budget FROM bronze.campaigns c LEFT JOIN bronze.page_views v USING (campaign) WHERE v.view_id IS NULL

-- name: gold.unknown_campaigns class: distributive
SELECT v.campaign, count(*) AS views FROM bronze.page_views v ANTI JOIN bronze.campaigns c USING (campaign) WHERE v.campaign IS NOT NULL GROUP BY v.campaign

-- name: gold.product_interest class: holistic
SELECT p.category, p.name, count(*) AS views, count(DISTINCT h.visitor) AS visitors
FROM silver.product_hits h JOIN bronze.products p ON p.product_id = h.product_id
GROUP BY p.category, p.name

-- name: gold.device_share_by_week class: distributive
SELECT date_trunc('week', viewed_at) AS week, device, count(*) AS views, round(count(*) * 100.0 / sum(count(*)) OVER (PARTITION BY date_trunc('week', viewed_at)), 1) AS pct
FROM bronze.page_views
GROUP BY 1, 2
ORDER BY 1, 2

-- name: gold.device_columns class: distributive
SELECT CAST(viewed_at AS DATE) AS day, count_if(device = 'phone') AS phone, count_if(device = 'desktop') AS desktop, count_if(device = 'tablet') AS tablet,
       count_if(device = 'phone') > count_if(device = 'desktop') AS is_phone_first
FROM bronze.page_views
GROUP BY day

-- name: gold.load_percentiles class: holistic
SELECT device, quantile_cont(duration_ms, 0.5) AS p50, quantile_cont(duration_ms, 0.95) AS p95, quantile_disc(duration_ms, 0.99) AS p99, max(duration_ms) AS worst
FROM bronze.page_views
GROUP BY device

-- name: gold.load_percentile_list class: holistic
SELECT country, quantile_cont(duration_ms, [0.25, 0.5, 0.75]) AS quartiles FROM bronze.page_views GROUP BY country

-- name: gold.within_group_percentile class: holistic
SELECT device, percentile_cont(0.9) WITHIN GROUP (ORDER BY duration_ms) AS p90, percentile_disc(0.5) WITHIN GROUP (ORDER BY duration_ms) AS middle
FROM bronze.page_views
GROUP BY device

-- name: gold.duration_histogram class: distributive
SELECT duration_ms // 10000 * 10 AS from_seconds, count(*) AS views FROM bronze.page_views WHERE duration_ms IS NOT NULL GROUP BY 1 ORDER BY 1

-- name: gold.duration_histogram_map class: holistic
SELECT device, histogram(duration_ms // 30000) AS buckets FROM bronze.page_views GROUP BY device

-- name: gold.bounces class: merged
SELECT day, count(*) AS visits, count(*) FILTER (views = 1) AS bounces
FROM (SELECT visitor, CAST(viewed_at AS DATE) AS day, count(*) AS views FROM bronze.page_views GROUP BY ALL)
GROUP BY day

-- name: gold.new_visitors class: merged
SELECT first_day, count(*) AS new_visitors, sum(count(*)) OVER (ORDER BY first_day) AS visitors_so_far
FROM (SELECT visitor, min(viewed_at)::DATE AS first_day FROM bronze.page_views GROUP BY visitor) AS firsts
GROUP BY first_day

-- name: gold.countries_named class: distributive
SELECT coalesce(n.country_name, 'other') AS country, count(*) AS views, count(*) FILTER (WHERE h.topic IS NOT NULL) AS help_views
FROM silver.hits h LEFT JOIN bronze.countries n USING (country)
GROUP BY 1

-- name: gold.experiment class: algebraic
SELECT CASE WHEN hash(visitor) % 2 = 0 THEN 'a' ELSE 'b' END AS variant, count(*) AS n, avg(duration_ms) AS mean, var_samp(duration_ms) AS variance,
       sqrt(var_samp(duration_ms) / count(duration_ms)) AS standard_error
FROM bronze.page_views
GROUP BY 1

-- name: gold.hot_products class: distributive
SELECT product_id, count(*) AS views FROM silver.product_hits GROUP BY product_id ORDER BY views DESC, product_id LIMIT 5

-- name: gold.longest_views_by_device class: keyed
SELECT device, view_id, url, duration_ms, rank() OVER (PARTITION BY device ORDER BY duration_ms DESC) AS place
FROM bronze.page_views
WHERE duration_ms IS NOT NULL
QUALIFY place <= 3

-- name: gold.recent_views class: linear
SELECT view_id, visitor, url, viewed_at FROM bronze.page_views ORDER BY viewed_at DESC, view_id LIMIT 20

-- name: gold.concurrency class: read_time
SELECT moment, sum(change) OVER (ORDER BY moment, change DESC ROWS UNBOUNDED PRECEDING) AS at_once
FROM (SELECT viewed_at AS moment, 1 AS change FROM bronze.page_views UNION ALL SELECT viewed_at + to_milliseconds(coalesce(duration_ms, 0)), -1 FROM bronze.page_views)
