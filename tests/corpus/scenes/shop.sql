-- A shop with sensors in its warehouses: what the views of tests/corpus/*.sql read. Deterministic. Some values
-- are missing, some events come twice or late, many are equal in what views sort by.

CREATE MACRO pick(i, salt, n) AS (hash(i, salt) % n)::INTEGER;

CREATE TABLE reference.customers AS
SELECT i::INTEGER AS customer_id, 'Customer ' || i AS name,
       CASE WHEN pick(i, 'mail', 12) = 0 THEN NULL ELSE 'c' || i || '@' || ['example.com', 'example.org', 'mail.test'][1 + pick(i, 'host', 3)] END AS email,
       CASE WHEN pick(i, 'country', 14) = 0 THEN NULL ELSE ['DE', 'FR', 'NL', 'US', 'GB', 'XX'][1 + pick(i, 'land', 6)] END AS country,
       ['consumer', 'business', 'education'][1 + pick(i, 'segment', 3)] AS segment,
       DATE '2023-01-01' + pick(i, 'signed', 420) AS signed_up
FROM range(1, 91) r(i);

CREATE TABLE reference.products AS
SELECT i::INTEGER AS product_id, 'Product ' || chr(65 + pick(i, 'a', 26)) || i AS name,
       CASE WHEN pick(i, 'none', 15) = 0 THEN NULL ELSE ['books', 'games', 'garden', 'kitchen', 'toys'][1 + pick(i, 'category', 5)] END AS category,
       'Brand' || pick(i, 'brand', 7) AS brand, (5 + pick(i, 'list', 9000) / 100.0)::DECIMAL(10,2) AS list_price,
       (2 + pick(i, 'cost', 4000) / 100.0)::DECIMAL(10,2) AS cost
FROM range(1, 41) r(i);

CREATE TABLE reference.countries AS
FROM (VALUES ('DE', 'Germany', 'EU', 83), ('FR', 'France', 'EU', 68), ('NL', 'Netherlands', 'EU', 18), ('US', 'United States', 'AM', 335), ('GB', 'United Kingdom', NULL, 68), ('JP', 'Japan', 'AS', 124)) AS t(country, country_name, region, population);

CREATE TABLE reference.rates AS
SELECT currency, DATE '2023-12-01' + (30 * n)::INTEGER AS valid_from, (base + pick(n, currency, 100) / 1000.0)::DECIMAL(10,4) AS rate
FROM (VALUES ('EUR', 1.0), ('USD', 0.9), ('GBP', 1.15)) AS c(currency, base), range(0, 8) AS r(n) ORDER BY currency, valid_from;

CREATE TABLE reference.sensors AS
SELECT 's' || i AS sensor, ['north', 'south', NULL][1 + pick(i, 'site', 3)] AS site, ['cold', 'dry'][1 + pick(i, 'kind', 2)] AS kind,
       (5 + pick(i, 'lo', 10))::DOUBLE AS lo, (25 + pick(i, 'hi', 10))::DOUBLE AS hi, DATE '2022-06-01' + pick(i, 'inst', 300) AS installed
FROM range(1, 13) r(i);

CREATE TABLE reference.price_history AS
SELECT i::INTEGER AS product_id, valid_from, lead(valid_from) OVER (PARTITION BY i ORDER BY valid_from) AS valid_to, (4 + pick(i, n, 9000) / 100.0)::DECIMAL(10,2) AS price
FROM (SELECT i, n, DATE '2023-10-01' + (n * (30 + pick(i, 'step', 30)))::INTEGER AS valid_from FROM range(1, 41) r(i), range(0, 5) s(n)) ORDER BY i, valid_from;

CREATE TABLE reference.campaigns AS
FROM (VALUES ('spring', 'paid', 1200.0), ('brand', 'paid', 300.0), ('news', 'owned', 80.5), ('partner', 'earned', NULL), ('unused', 'paid', 50.0)) AS t(campaign, channel_group, budget);

CREATE TABLE reference.holidays AS
FROM (VALUES (DATE '2024-01-01', 'DE', 'New Year'), (DATE '2024-01-01', 'FR', 'New Year'), (DATE '2024-03-29', 'DE', 'Good Friday'), (DATE '2024-04-01', 'DE', 'Easter Monday'), (DATE '2024-05-01', 'DE', 'Labour Day'), (DATE '2024-05-01', 'FR', 'Labour Day')) AS t(day, country, name);

CREATE TABLE made_orders AS
SELECT i AS order_id, CASE WHEN pick(i, 'anon', 25) = 0 THEN NULL ELSE 1 + least(pick(i, 'c1', 95), pick(i, 'c2', 95)) END::INTEGER AS customer_id,
       1 + pick(i, 'p', 44) AS product_id, 1 + pick(i, 'q', 6) AS quantity, (3 + pick(i, 'price', 12000) / 100.0)::DECIMAL(10,2) AS price,
       [0.0, 0.0, 0.05, 0.1, 0.25, NULL][1 + pick(i, 'd', 6)]::DOUBLE AS discount, ['web', 'app', 'store', NULL][1 + pick(i, 'ch', 4)] AS channel,
       ['EUR', 'EUR', 'USD', 'GBP'][1 + pick(i, 'cur', 4)] AS currency, ['SAVE10', 'WELCOME', '', NULL, NULL, NULL][1 + pick(i, 'coupon', 6)] AS coupon,
       TIMESTAMP '2023-12-15 00:00:00' + to_hours(pick(i, 'hour', 4400)) + to_minutes(15 * pick(i, 'minute', 4)) AS ordered_at,
       CASE WHEN pick(i, 'attr', 9) = 0 THEN NULL ELSE '{"gift":' || (pick(i, 'gift', 3) = 0) || ',"source":{"app":"' || ['ios', 'android', 'site'][1 + pick(i, 'app', 3)] || '","version":' || pick(i, 'ver', 4) || '},"tags":["t' || pick(i, 't1', 4) || '","t' || pick(i, 't2', 3) || '"],"weight":' || pick(i, 'w', 900) / 100.0 || '}' END::JSON AS attributes
FROM range(1, 1201) r(i);

CREATE TABLE stream.orders AS
SELECT *, row_number() OVER (ORDER BY ordered_at + to_hours(CASE WHEN late = 0 THEN 900 ELSE late END), order_id, again) - 1 AS _n
FROM (SELECT *, pick(order_id, 'late', 30) AS late, 0 AS again FROM made_orders UNION ALL SELECT *, 7, 1 FROM made_orders WHERE pick(order_id, 'twice', 40) = 0);

ALTER TABLE stream.orders DROP COLUMN late;

ALTER TABLE stream.orders DROP COLUMN again;

CREATE TABLE stream.order_status AS
SELECT order_id, status, changed_at, CASE WHEN pick(order_id, s, 10) = 0 THEN NULL ELSE 'w' || pick(order_id, 'wh', 3) END AS warehouse,
       row_number() OVER (ORDER BY changed_at + to_hours(pick(order_id, s + 50, 60)), order_id, s) - 1 AS _n
FROM (SELECT order_id, s, ['placed', 'paid', 'shipped', CASE WHEN pick(order_id, 'end', 5) = 0 THEN 'returned' ELSE 'delivered' END][s] AS status,
             ordered_at + to_hours((s - 1) * (1 + pick(order_id, s, 40))) AS changed_at
      FROM made_orders, range(1, 5) AS x(s) WHERE order_id <= 500 AND s <= 1 + pick(order_id, 'steps', 5));

CREATE TABLE stream.page_views AS
SELECT i AS view_id, 'v' || pick(i // 3, 'visitor', 140) AS visitor, CASE WHEN pick(i, 'known', 3) = 0 THEN 1 + pick(i // 3, 'cust', 95) END::INTEGER AS customer_id,
       ['/', '/search', '/product/' || pick(i, 'prod', 40), '/cart', '/checkout', '/thanks', '/help?topic=' || pick(i, 'topic', 5)][1 + least(pick(i, 'url', 7), pick(i, 'url2', 8))] AS url,
       ['https://search.example/q', 'https://social.example/feed', '', NULL][1 + pick(i, 'ref', 4)] AS referrer,
       ['spring', 'brand', 'news', 'partner', 'other', NULL, NULL][1 + pick(i, 'camp', 7)] AS campaign, ['phone', 'desktop', 'tablet'][1 + pick(i // 3, 'dev', 3)] AS device,
       ['DE', 'FR', 'US', 'JP', 'ZZ', NULL][1 + pick(i // 3, 'land', 6)] AS country, CASE WHEN pick(i, 'nodur', 11) = 0 THEN NULL ELSE pick(i, 'dur', 90000) END AS duration_ms,
       TIMESTAMP '2024-01-01 00:00:00' + to_minutes(i // 3 * 97 + pick(i, 'min', 45)) + to_seconds(pick(i, 'sec', 60)) AS viewed_at,
       row_number() OVER (ORDER BY i + CASE WHEN pick(i, 'late', 40) = 0 THEN 300 ELSE pick(i, 'jit', 12) END, i) - 1 AS _n
FROM range(1, 1801) r(i);

CREATE TABLE stream.payments AS
SELECT i AS payment_id, 1 + pick(i, 'order', 1250) AS order_id, ['card', 'transfer', 'wallet', 'cash'][1 + pick(i, 'method', 4)] AS method,
       CASE WHEN pick(i, 'null', 40) = 0 THEN NULL ELSE (pick(i, 'amount', 50000) / 100.0 - 20)::DECIMAL(12,2) END AS amount, pick(i, 'fee', 300) / 128.0 AS fee,
       ['settled', 'settled', 'settled', 'failed', 'refunded', 'pending'][1 + pick(i, 'state', 6)] AS state,
       TIMESTAMPTZ '2024-01-01 00:00:00+00' + to_minutes(pick(i, 'paid', 200000)) AS paid_at,
       ('{"bank":"' || ['alpha', 'beta', 'gamma'][1 + pick(i, 'bank', 3)] || '","risk":' || pick(i, 'risk', 100) || ',"checks":[' || pick(i, 'k1', 2) || ',' || pick(i, 'k2', 3) || ']}')::JSON AS details,
       row_number() OVER (ORDER BY hash(i, 'arrive') % 500 + i * 2, i) - 1 AS _n
FROM range(1, 1001) r(i);

CREATE TABLE stream.readings AS
SELECT i AS reading_id, 's' || (1 + pick(i, 'sensor', 14)) AS sensor, ['temperature', 'humidity', 'power'][1 + pick(i, 'metric', 3)] AS metric,
       CASE WHEN pick(i, 'novalue', 20) = 0 THEN NULL ELSE round(18 + 9 * sin(i / 60.0) + pick(i, 'noise', 4000) / 1000.0, 3) END AS value, pick(i, 'quality', 4) AS quality,
       TIMESTAMP '2024-02-01 00:00:00' + to_minutes(i * 7 + pick(i, 'm', 5)) AS read_at, CASE WHEN pick(i, 'tagged', 3) = 0 THEN ['cal', 'q' || pick(i, 'q', 3)] WHEN pick(i, 'tagged', 3) = 1 THEN [] END::VARCHAR[] AS tags,
       row_number() OVER (ORDER BY i + CASE WHEN pick(i, 'late', 25) = 0 THEN 200 ELSE 0 END, i) - 1 AS _n
FROM range(1, 1501) r(i);

CREATE TABLE stream.logins AS
SELECT i AS login_id, 1 + pick(i, 'user', 60) AS user_id, pick(i, 'ok', 4) > 0 AS success, '10.0.' || pick(i, 'net', 4) || '.' || pick(i, 'host', 9) AS ip,
       ['DE', 'FR', 'US', NULL][1 + pick(i, 'land', 4)] AS country, ['Firefox/12' || pick(i, 'v', 4), 'Chrome/11' || pick(i, 'v', 3), 'curl/8'][1 + pick(i, 'agent', 3)] AS agent,
       TIMESTAMP '2024-03-01 00:00:00' + to_minutes(i * 31 + pick(i, 'm', 200)) AS login_at,
       row_number() OVER (ORDER BY i + pick(i, 'late', 30), i) - 1 AS _n
FROM range(1, 801) r(i);

CREATE TABLE stream.subscriptions AS
SELECT i AS event_id, 1 + pick(i, 'c', 80) AS customer_id, ['start', 'upgrade', 'downgrade', 'cancel', 'renew', 'renew'][1 + pick(i, 'kind', 6)] AS kind,
       ['free', 'basic', 'team', 'pro'][1 + pick(i, 'plan', 4)] AS plan, (pick(i, 'mrr', 20) * 4.95)::DECIMAL(8,2) AS mrr, DATE '2023-01-01' + (i + pick(i, 'e', 20))::INTEGER AS effective,
       row_number() OVER (ORDER BY i + pick(i, 'late', 9), i) - 1 AS _n
FROM range(1, 501) r(i);
