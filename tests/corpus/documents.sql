-- Nested values: JSON, lists, structs and maps out of orders, payments and readings; texts and patterns.

-- name: silver.attributes class: linear
SELECT order_id, customer_id, price, quantity, CAST(attributes ->> '$.gift' AS BOOLEAN) AS is_gift, attributes ->> '$.source.app' AS app,
       CAST(attributes -> '$.source.version' AS INTEGER) AS version, CAST(attributes ->> '$.weight' AS DOUBLE) AS weight, ordered_at
FROM bronze.orders
WHERE attributes IS NOT NULL

-- name: gold.app_revenue class: distributive
SELECT app, count(*) AS orders, sum(price * quantity) AS revenue, count_if(is_gift) AS gifts FROM silver.attributes GROUP BY app

-- name: gold.app_versions class: holistic
SELECT app, version, count(*) AS orders, count(DISTINCT customer_id) AS customers FROM silver.attributes GROUP BY app, version ORDER BY app, version

-- name: gold.weights class: algebraic
SELECT is_gift, avg(weight) AS mean_weight, sum(weight * quantity) AS total_weight, stddev_pop(weight) AS deviation FROM silver.attributes GROUP BY is_gift

-- name: gold.json_strings class: distributive
SELECT json_extract_string(attributes, '$.source.app') AS app, count(*) AS n FROM bronze.orders GROUP BY 1

-- name: gold.json_types class: distributive
SELECT json_type(attributes, '$.weight') AS type, json_array_length(attributes, '$.tags') AS tags, count(*) AS n FROM bronze.orders GROUP BY ALL

-- name: gold.json_tags class: distributive
SELECT t.tag ->> '$' AS tag, count(*) AS orders
FROM bronze.orders o, unnest(CAST(o.attributes -> '$.tags' AS JSON[])) AS t(tag)
GROUP BY 1

-- name: gold.json_tags_as_text class: distributive
SELECT u.tag, count(*) AS orders, sum(o.price) AS revenue
FROM bronze.orders o CROSS JOIN unnest(from_json(o.attributes -> '$.tags', '["VARCHAR"]')) AS u(tag)
GROUP BY u.tag
ORDER BY orders DESC, u.tag

-- name: gold.tag_pairs class: distributive
SELECT least(a.tag, b.tag) AS one, greatest(a.tag, b.tag) AS other, count(*) AS n
FROM bronze.orders o, unnest(CAST(o.attributes -> '$.tags' AS VARCHAR[])) AS a(tag), unnest(CAST(o.attributes -> '$.tags' AS VARCHAR[])) AS b(tag)
WHERE a.tag < b.tag
GROUP BY 1, 2

-- name: gold.bank_risk class: algebraic
SELECT details ->> 'bank' AS bank, avg((details ->> 'risk')::INTEGER) AS mean_risk, max((details ->> 'risk')::INTEGER) AS worst, count(*) AS n
FROM bronze.payments
GROUP BY 1

-- name: gold.risky_payments class: linear
SELECT payment_id, order_id, amount, (details ->> 'risk')::INTEGER AS risk, details ->> '$.checks[0]' AS first_check FROM bronze.payments WHERE (details ->> 'risk')::INTEGER >= 90

-- name: gold.failed_checks class: distributive
SELECT details ->> 'bank' AS bank, sum((details ->> '$.checks[0]')::INTEGER) AS first_checks, count_if((details ->> '$.checks[1]')::INTEGER = 2) AS second_twos FROM bronze.payments GROUP BY bank

-- name: gold.risk_deciles class: distributive
SELECT CAST(json_extract(details, '$.risk') AS INTEGER) // 10 AS decile, count(*) AS payments, count(*) FILTER (state = 'failed') AS failed FROM bronze.payments GROUP BY decile

-- name: gold.rebuilt_json class: linear
SELECT payment_id, json_object('id', payment_id, 'method', method, 'bank', details ->> 'bank') AS document, to_json({'amount': amount, 'state': state}) AS state FROM bronze.payments

-- name: gold.structs class: linear
SELECT order_id, {'price': price, 'quantity': quantity, 'total': price * quantity} AS line, [channel, currency] AS labels, MAP {'coupon': coupon, 'currency': currency} AS extras FROM bronze.orders

-- name: gold.struct_keys class: distributive
SELECT struct_pack(channel := channel, currency := currency) AS place, count(*) AS n, sum(price) AS revenue FROM bronze.orders GROUP BY 1

-- name: gold.list_keys class: distributive
SELECT tags, count(*) AS n, min(read_at) AS since FROM bronze.readings GROUP BY tags

-- name: gold.list_functions class: linear
SELECT reading_id, list_sort(tags) AS sorted, list_transform(tags, lambda t: upper(t)) AS shouted, list_filter(tags, lambda t: t LIKE 'q%') AS q_only, array_to_string(tags, '+') AS joined, tags[1] AS first_tag
FROM bronze.readings

-- name: gold.first_tags class: distributive
SELECT coalesce(tags[1], '-') AS tag, count(*) AS n FROM bronze.readings GROUP BY 1

-- name: gold.collected class: holistic
SELECT customer_id, list(order_id ORDER BY ordered_at, order_id) AS orders, list(price) FILTER (WHERE price > 50) AS large FROM bronze.orders GROUP BY customer_id

-- name: gold.collected_structs class: holistic
SELECT order_id, list({'status': status, 'at': changed_at} ORDER BY changed_at, status) AS history FROM bronze.order_status GROUP BY order_id

-- name: gold.grouped_json class: holistic
SELECT method, json_group_array(state) AS states FROM bronze.payments WHERE payment_id % 50 = 0 GROUP BY method

-- name: gold.json_by_key class: holistic today: read_time
SELECT order_id, json_group_object(status, changed_at) AS times FROM bronze.order_status GROUP BY order_id HAVING count(*) = 2

-- name: gold.exploded_structs class: linear
SELECT order_id, unnest({'gross': price * quantity, 'units': quantity}) FROM bronze.orders WHERE price > 100

-- name: gold.exploded_rows class: linear
SELECT reading_id, sensor, unnest(tags) AS tag FROM bronze.readings

-- name: gold.numbered_tags class: linear
SELECT r.reading_id, t.tag FROM bronze.readings r, unnest(r.tags) AS t(tag) WHERE t.tag <> 'cal'

-- name: gold.clean_texts class: linear
SELECT view_id, lower(trim(referrer)) AS referrer, regexp_extract(referrer, '//([^/]+)', 1) AS host, length(url) AS url_length, url ILIKE '%PRODUCT%' AS is_product, reverse(device) AS backwards, concat_ws('/', device, country) AS place
FROM bronze.page_views

-- name: gold.hosts class: distributive
SELECT CASE WHEN referrer = '' OR referrer IS NULL THEN '(direct)' ELSE regexp_replace(referrer, '^https?://([^/]+).*$', '\1') END AS host, count(*) AS views FROM bronze.page_views GROUP BY host

-- name: gold.path_depth class: distributive
SELECT len(string_split(split_part(url, '?', 1), '/')) - 1 AS depth, count(*) AS views FROM bronze.page_views GROUP BY depth

-- name: gold.query_parameters class: distributive
SELECT str_split(url, '=')[2] AS topic, count(*) AS views FROM bronze.page_views WHERE contains(url, '?') GROUP BY 1

-- name: gold.concatenated class: holistic
SELECT device, string_agg(DISTINCT country, ',') IS NOT NULL AS has_country, count(DISTINCT country) AS countries FROM bronze.page_views GROUP BY device

-- name: gold.products_in_basket class: holistic
SELECT customer_id, CAST(ordered_at AS DATE) AS day, string_agg(product_id::VARCHAR, ',' ORDER BY product_id) AS products, sum(quantity) AS items FROM bronze.orders GROUP BY 1, 2 HAVING count(*) > 1

-- name: gold.similar_names class: linear
SELECT o.order_id, p.name, levenshtein(p.brand, 'Brand1') AS distance, p.name LIKE 'Product A%' OR p.name ~ '[XYZ]\d+$' AS is_edge FROM bronze.orders o JOIN bronze.products p USING (product_id) WHERE length(p.name) > 9

-- name: gold.column_patterns class: algebraic
SELECT channel, max(COLUMNS('price|quantity')), avg(discount) AS mean_discount FROM bronze.orders GROUP BY channel

-- name: gold.without_columns class: linear
SELECT * EXCLUDE (attributes, coupon) REPLACE (coalesce(channel, '?') AS channel) FROM bronze.orders WHERE currency = 'GBP'

-- name: gold.renamed class: linear
SELECT * RENAME (value AS measured, read_at AS measured_at) FROM bronze.readings WHERE metric = 'power'
