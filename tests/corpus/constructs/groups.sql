-- GROUP BY and what stands above it.

-- name: gold.group_by class: distributive construct: `GROUP BY` columns, expressions, positions, aliases, `ALL`
SELECT currency, date_trunc('month', ordered_at) AS month, count(*) AS n FROM bronze.orders GROUP BY ALL

-- name: gold.group_bucket class: distributive construct: buckets of time: `date_trunc`, `time_bucket`
SELECT time_bucket(INTERVAL 6 HOURS, read_at) AS bucket, count(*) AS n FROM bronze.readings GROUP BY 1

-- name: gold.distinct class: distributive construct: `SELECT DISTINCT`
SELECT DISTINCT currency, channel FROM bronze.orders

-- name: gold.having class: distributive construct: `HAVING`
SELECT product_id, count(*) AS n FROM bronze.orders GROUP BY product_id HAVING count(*) > 10

-- name: gold.filter class: distributive construct: `FILTER (WHERE …)`: pivots by hand
SELECT product_id, sum(quantity) FILTER (WHERE channel = 'web') AS web, sum(quantity) FILTER (WHERE channel = 'app') AS app FROM bronze.orders GROUP BY product_id

-- name: gold.share class: distributive construct: windows over aggregates: shares, ranks, running totals
SELECT currency, sum(price) AS total, sum(price) / sum(sum(price)) OVER () AS share, rank() OVER (ORDER BY sum(price) DESC) AS place FROM bronze.orders GROUP BY currency

-- name: gold.top_groups class: distributive construct: `ORDER BY … LIMIT` of groups
SELECT product_id, sum(quantity) AS units FROM bronze.orders GROUP BY product_id ORDER BY units DESC, product_id LIMIT 5

-- name: gold.top_groups_each class: distributive construct: `QUALIFY` over groups
SELECT channel, product_id, count(*) AS n FROM bronze.orders GROUP BY 1, 2 QUALIFY row_number() OVER (PARTITION BY channel ORDER BY count(*) DESC, product_id) <= 2

-- name: gold.rollup class: distributive construct: `ROLLUP`, `CUBE`, `GROUPING SETS`
SELECT channel, currency, count(*) AS n FROM bronze.orders GROUP BY ROLLUP (channel, currency)

-- name: gold.pivot class: distributive construct: `PIVOT … ON … IN (…)`
PIVOT (SELECT channel, currency, quantity FROM bronze.orders) ON currency IN ('EUR', 'USD') USING sum(quantity) GROUP BY channel

-- name: gold.pivot_standard class: algebraic construct: `FROM … PIVOT (… FOR … IN (…))`, several aggregates
SELECT * FROM (SELECT channel, currency, quantity FROM bronze.orders) PIVOT (avg(quantity) AS mean, count(*) AS n FOR currency IN ('EUR' AS eur, 'USD' AS usd)) ORDER BY channel LIMIT 3

-- name: gold.pivot_open class: refused construct: `PIVOT` without `IN (…)`: its columns depend on the data
SELECT * FROM (PIVOT bronze.orders ON currency USING sum(quantity) GROUP BY channel)

-- name: gold.group_by_unnest class: distributive construct: groups of a list's elements
SELECT t.tag, count(*) AS n FROM bronze.readings r, unnest(r.tags) AS t(tag) GROUP BY t.tag

-- name: gold.group_over_group class: merged construct: a view over a view with groups
SELECT n, count(*) AS products FROM gold.having GROUP BY n
