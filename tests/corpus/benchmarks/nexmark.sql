-- The queries of Nexmark (Tucker et al. 2002; q10 to q22 as in the suite of the Flink community) as views: windows over
-- event time are groups by buckets of it, so that late events count in theirs.

-- name: gold.q00_pass_through class: linear
SELECT auction, bidder, price, date_time, extra FROM bronze.bid

-- name: gold.q01_currency class: linear
SELECT auction, bidder, 0.908 * price AS price, date_time, extra FROM bronze.bid

-- name: gold.q02_selection class: linear
SELECT auction, price FROM bronze.bid WHERE auction % 123 = 0

-- name: gold.q03_local_items class: read_time
SELECT p.name, p.city, p.state, a.id
FROM bronze.auction AS a INNER JOIN bronze.person AS p ON a.seller = p.id
WHERE a.category = 10 AND (p.state = 'or' OR p.state = 'id' OR p.state = 'ca')

-- name: gold.q04_average_price class: read_time
SELECT q.category, avg(q.final) AS average
FROM (
  SELECT max(b.price) AS final, a.category
  FROM bronze.auction a, bronze.bid b
  WHERE a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires
  GROUP BY a.id, a.category
) q
GROUP BY q.category

-- name: gold.q05_hot_items class: merged
WITH hops AS (
  SELECT auction, w.start AS window_start, count(*) AS num
  FROM bronze.bid b, unnest(range(time_bucket(INTERVAL 2 SECONDS, b.date_time) - INTERVAL 8 SECONDS, b.date_time + INTERVAL 1 MICROSECOND, INTERVAL 2 SECONDS)) AS w(start)
  GROUP BY auction, w.start
)
SELECT auction, num, window_start
FROM hops
QUALIFY num = max(num) OVER (PARTITION BY window_start)

-- name: gold.q06_average_of_last_ten class: read_time
SELECT seller, avg(final) AS average
FROM (
  SELECT seller, final, row_number() OVER (PARTITION BY seller ORDER BY closed DESC, id DESC) AS age
  FROM (
    SELECT a.id, a.seller, max(b.price) AS final, max(b.date_time) AS closed
    FROM bronze.auction a JOIN bronze.bid b ON a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires
    GROUP BY a.id, a.seller
  )
)
WHERE age <= 10
GROUP BY seller

-- name: gold.q07_highest_bid class: keyed
SELECT time_bucket(INTERVAL 10 SECONDS, date_time) AS window_start, auction, price, bidder, date_time
FROM bronze.bid
QUALIFY rank() OVER (PARTITION BY time_bucket(INTERVAL 10 SECONDS, date_time) ORDER BY price DESC) = 1

-- name: gold.q07_highest_bid_by_join class: read_time
SELECT b.auction, b.price, b.bidder, b.date_time
FROM bronze.bid b
JOIN (SELECT max(price) AS maxprice, time_bucket(INTERVAL 10 SECONDS, date_time) AS w FROM bronze.bid GROUP BY w) m ON b.price = m.maxprice AND time_bucket(INTERVAL 10 SECONDS, b.date_time) = m.w

-- name: gold.q08_new_users class: merged
SELECT p.id, p.name, p.window_start
FROM (SELECT id, name, time_bucket(INTERVAL 10 SECONDS, date_time) AS window_start FROM bronze.person GROUP BY ALL) p
JOIN (SELECT seller, time_bucket(INTERVAL 10 SECONDS, date_time) AS window_start FROM bronze.auction GROUP BY ALL) a ON p.id = a.seller AND p.window_start = a.window_start

-- name: gold.q09_winning_bids class: read_time
SELECT id, item_name, seller, category, auction, bidder, price, bid_time
FROM (
  SELECT a.*, b.auction, b.bidder, b.price, b.date_time AS bid_time, row_number() OVER (PARTITION BY a.id ORDER BY b.price DESC, b.date_time ASC) AS rownum
  FROM bronze.auction a, bronze.bid b
  WHERE a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires
)
WHERE rownum <= 1

-- name: gold.q10_log class: linear
SELECT auction, bidder, price, date_time, extra, strftime(date_time, '%Y-%m-%d') AS dt, strftime(date_time, '%H:%M') AS hm FROM bronze.bid

-- name: gold.q11_user_sessions class: read_time
SELECT bidder, count(*) AS bid_count, min(date_time) AS starttime, max(date_time) + INTERVAL 10 SECONDS AS endtime
FROM (
  SELECT bidder, date_time, sum(is_start) OVER (PARTITION BY bidder ORDER BY date_time) AS session
  FROM (SELECT bidder, date_time, CASE WHEN date_time - lag(date_time) OVER (PARTITION BY bidder ORDER BY date_time) < INTERVAL 10 SECONDS THEN 0 ELSE 1 END AS is_start FROM bronze.bid)
)
GROUP BY bidder, session

-- name: gold.q12_bids_in_windows class: distributive
SELECT bidder, count(*) AS bid_count, time_bucket(INTERVAL 10 SECONDS, date_time) AS starttime FROM bronze.bid GROUP BY bidder, starttime

-- name: gold.q13_side_input class: linear
SELECT b.auction, b.bidder, b.price, b.date_time, s.value FROM bronze.bid b JOIN bronze.side_input s ON b.auction % 10000 = s.key

-- name: gold.q14_calculation class: linear
SELECT auction, bidder, 0.908 * price AS price,
       CASE WHEN hour(date_time) >= 8 AND hour(date_time) <= 18 THEN 'dayTime' WHEN hour(date_time) <= 6 OR hour(date_time) >= 20 THEN 'nightTime' ELSE 'otherTime' END AS bid_time_type,
       date_time, extra, length(extra) - length(replace(extra, 'c', '')) AS c_counts
FROM bronze.bid
WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000

-- name: gold.q15_statistics class: holistic
SELECT strftime(date_time, '%Y-%m-%d') AS day, count(*) AS total_bids,
       count(*) FILTER (WHERE price < 10000) AS rank1_bids, count(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids, count(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
       count(DISTINCT bidder) AS total_bidders, count(DISTINCT bidder) FILTER (WHERE price < 10000) AS rank1_bidders,
       count(DISTINCT bidder) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bidders, count(DISTINCT bidder) FILTER (WHERE price >= 1000000) AS rank3_bidders,
       count(DISTINCT auction) AS total_auctions, count(DISTINCT auction) FILTER (WHERE price < 10000) AS rank1_auctions
FROM bronze.bid
GROUP BY strftime(date_time, '%Y-%m-%d')

-- name: gold.q16_channel_statistics class: holistic
SELECT channel, strftime(date_time, '%Y-%m-%d') AS day, max(strftime(date_time, '%H:%M')) AS minute, count(*) AS total_bids, count(*) FILTER (WHERE price < 10000) AS rank1_bids,
       count(DISTINCT bidder) AS total_bidders, count(DISTINCT bidder) FILTER (WHERE price >= 1000000) AS rank3_bidders, count(DISTINCT auction) AS total_auctions
FROM bronze.bid
GROUP BY channel, strftime(date_time, '%Y-%m-%d')

-- name: gold.q17_auction_statistics class: algebraic
SELECT auction, strftime(date_time, '%Y-%m-%d') AS day, count(*) AS total_bids, count(*) FILTER (WHERE price < 10000) AS rank1_bids, min(price) AS min_price, max(price) AS max_price, avg(price) AS avg_price, sum(price) AS sum_price
FROM bronze.bid
GROUP BY auction, strftime(date_time, '%Y-%m-%d')

-- name: gold.q18_last_bids class: keyed
SELECT auction, bidder, price, channel, url, date_time, extra
FROM (SELECT *, row_number() OVER (PARTITION BY bidder, auction ORDER BY date_time DESC) AS rank_number FROM bronze.bid)
WHERE rank_number <= 1

-- name: gold.q18_last_bids_by_qualify class: keyed
SELECT auction, bidder, price, channel, date_time FROM bronze.bid QUALIFY row_number() OVER (PARTITION BY bidder, auction ORDER BY date_time DESC) = 1

-- name: gold.q19_top_ten class: keyed
SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY auction ORDER BY price DESC, date_time) AS rank_number FROM bronze.bid) WHERE rank_number <= 10

-- name: gold.q20_expanded_bids class: read_time
SELECT b.auction, b.bidder, b.price, b.channel, a.item_name, a.initial_bid, a.reserve, a.seller, a.category FROM bronze.bid AS b INNER JOIN bronze.auction AS a ON b.auction = a.id WHERE a.category = 10

-- name: gold.q21_channel_ids class: linear
SELECT auction, bidder, price, channel,
       CASE WHEN lower(channel) = 'apple' THEN '0' WHEN lower(channel) = 'google' THEN '1' WHEN lower(channel) = 'facebook' THEN '2' WHEN lower(channel) = 'baidu' THEN '3'
            ELSE regexp_extract(url, '(&|^)channel_id=([^&]*)', 2) END AS channel_id
FROM bronze.bid
WHERE regexp_extract(url, '(&|^)channel_id=([^&]*)', 2) <> '' OR lower(channel) IN ('apple', 'google', 'facebook', 'baidu')

-- name: gold.q22_url_parts class: linear
SELECT auction, bidder, price, channel, split_part(url, '/', 4) AS dir1, split_part(url, '/', 5) AS dir2, split_part(url, '/', 6) AS dir3 FROM bronze.bid
