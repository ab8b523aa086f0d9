-- Nexmark's three streams: people open auctions, others bid. About 50 bids to 3 auctions and 1 person, as in the
-- generator of the benchmark; one event each 100 milliseconds of event time, some of them late.

CREATE MACRO pick(i, salt, n) AS (hash(i, salt) % n)::BIGINT;

CREATE TABLE moments AS SELECT i, i % 54 AS place, TIMESTAMP '2024-05-01 10:00:00' + to_milliseconds(i * 100) AS date_time FROM range(0, 5400) r(i);

CREATE TABLE stream.person AS
SELECT 1000 + i // 54 AS id, ['Peter', 'Paul', 'Vicky', 'Saul'][1 + pick(i, 'first', 4)] || ' ' || ['Shultz', 'Abrams', 'Spencer'][1 + pick(i, 'last', 3)] AS name, 'p' || i || '@mail.test' AS email_address,
       ['Portland', 'Boise', 'Palo Alto', 'Phoenix', 'Bend'][1 + pick(i, 'city', 5)] AS city, ['or', 'id', 'ca', 'az', 'wy'][1 + pick(i, 'state', 5)] AS state, date_time, repeat('x', pick(i, 'extra', 20)) AS extra,
       row_number() OVER (ORDER BY date_time) - 1 AS _n
FROM moments WHERE place = 0;

CREATE TABLE stream.auction AS
SELECT 2000 + (i // 54) * 3 + place - 1 AS id, 'item ' || pick(i, 'item', 50) AS item_name, 1 + pick(i, 'initial', 1000) AS initial_bid, 1000 + pick(i, 'reserve', 100000) AS reserve, date_time,
       date_time + to_seconds(1 + pick(i, 'expires', 120)) AS expires, 1000 + greatest(0, i // 54 - pick(i, 'seller', 12)) AS seller, 10 + pick(i, 'category', 5) AS category, repeat('y', pick(i, 'extra', 20)) AS extra,
       row_number() OVER (ORDER BY date_time + to_seconds(pick(i, 'late', 8))) - 1 AS _n
FROM moments WHERE place BETWEEN 1 AND 3;

CREATE TABLE stream.bid AS
SELECT 2000 + greatest(0, (i // 54) * 3 + 2 - CASE WHEN pick(i, 'hot', 2) = 0 THEN pick(i // 20, 'hotone', 3) ELSE pick(i, 'cold', 60) END) AS auction, 1000 + greatest(0, i // 54 - pick(i, 'bidder', 20)) AS bidder,
       CASE WHEN pick(i, 'dear', 6) = 0 THEN 1000000 + pick(i, 'much', 60000000) ELSE 100 + pick(i, 'price', 40000) END AS price, ['Google', 'Facebook', 'Baidu', 'Apple', 'channel-' || pick(i, 'ch', 30)][1 + pick(i, 'channel', 5)] AS channel,
       'https://www.nexmark.com/' || ['dyn', 'item', 'hot'][1 + pick(i, 'u1', 3)] || '/' || pick(i, 'u2', 40) || '/item.htm?query=1' || CASE WHEN pick(i, 'id', 3) > 0 THEN '&channel_id=' || pick(i, 'ch', 30) ELSE '' END AS url,
       date_time, repeat('c', pick(i, 'c', 5)) || repeat('z', pick(i, 'z', 9)) AS extra, row_number() OVER (ORDER BY date_time + to_seconds(CASE WHEN pick(i, 'late', 15) = 0 THEN 40 ELSE 0 END), i) - 1 AS _n
FROM moments WHERE place > 3;

CREATE TABLE reference.side_input AS SELECT i AS key, 'value ' || i AS value FROM range(0, 10000, 3) r(i);
