-- Logins: counts, rates, windows of failures, lists of users, distinct places.

-- name: silver.attempts class: linear
SELECT login_id, user_id, success, ip, regexp_extract(ip, '^(\d+\.\d+\.\d+)\.', 1) AS network, coalesce(country, '??') AS country, split_part(agent, '/', 1) AS browser, login_at FROM bronze.logins

-- name: gold.failures_by_user class: distributive
SELECT user_id, count(*) AS attempts, count(*) FILTER (WHERE NOT success) AS failures, count(*) FILTER (WHERE NOT success) / count(*)::DOUBLE AS rate FROM bronze.logins GROUP BY user_id

-- name: gold.suspicious_networks class: holistic
SELECT network, count(*) AS failures, count(DISTINCT user_id) AS users FROM silver.attempts WHERE NOT success GROUP BY network HAVING count(*) > 5

-- name: gold.last_success class: keyed
SELECT user_id, login_at, ip, country FROM bronze.logins WHERE success QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY login_at DESC, login_id DESC) = 1

-- name: gold.first_and_last_login class: distributive
SELECT user_id, min(login_at) AS first_login, max(login_at) AS last_login, max(login_at) - min(login_at) AS span FROM bronze.logins WHERE success GROUP BY user_id

-- name: gold.browser_versions class: distributive
SELECT split_part(agent, '/', 1) AS browser, TRY_CAST(split_part(agent, '/', 2) AS INTEGER) AS version, count(*) AS n FROM bronze.logins GROUP BY 1, 2 ORDER BY n DESC, browser, version

-- name: gold.users_by_country class: holistic
SELECT country, count(DISTINCT user_id) AS users, list(DISTINCT user_id ORDER BY user_id) AS who FROM bronze.logins GROUP BY country

-- name: gold.countries_of_user class: holistic
SELECT user_id, string_agg(DISTINCT country, ',' ORDER BY country) AS countries, count(DISTINCT country) AS n FROM bronze.logins GROUP BY user_id

-- name: gold.many_countries class: holistic
SELECT user_id, count(DISTINCT country) AS countries FROM bronze.logins GROUP BY user_id HAVING count(DISTINCT country) >= 3

-- name: gold.bursts class: distributive
SELECT user_id, date_trunc('day', login_at) AS day, count(*) AS failures FROM bronze.logins WHERE NOT success GROUP BY 1, 2 HAVING count(*) >= 2

-- name: gold.failure_streaks class: read_time
SELECT user_id, max(streak) AS longest
FROM (
  SELECT user_id, island, count(*) AS streak
  FROM (SELECT user_id, success, row_number() OVER (PARTITION BY user_id ORDER BY login_at, login_id) - row_number() OVER (PARTITION BY user_id, success ORDER BY login_at, login_id) AS island FROM bronze.logins)
  WHERE NOT success
  GROUP BY user_id, island
)
GROUP BY user_id

-- name: gold.impossible_travel class: read_time
SELECT login_id, user_id, country, before
FROM (SELECT login_id, user_id, country, login_at, lag(country) OVER w AS before, lag(login_at) OVER w AS before_at FROM bronze.logins WHERE success WINDOW w AS (PARTITION BY user_id ORDER BY login_at, login_id))
WHERE country <> before AND login_at - before_at < INTERVAL 6 HOURS

-- name: gold.success_after_failures class: read_time
SELECT s.user_id, s.login_id, count(f.login_id) AS failures_before
FROM bronze.logins s JOIN bronze.logins f ON f.user_id = s.user_id AND NOT f.success AND f.login_at BETWEEN s.login_at - INTERVAL 1 DAY AND s.login_at
WHERE s.success
GROUP BY s.user_id, s.login_id

-- name: gold.new_addresses class: keyed
SELECT user_id, ip, login_at FROM bronze.logins QUALIFY row_number() OVER (PARTITION BY user_id, ip ORDER BY login_at, login_id) = 1

-- name: gold.addresses_shared class: merged
SELECT users, count(*) AS addresses FROM (SELECT ip, count(DISTINCT user_id) AS users FROM bronze.logins GROUP BY ip) GROUP BY users

-- name: gold.logins_by_hour class: distributive
SELECT hour(login_at) AS hour, count_if(success) AS good, count_if(NOT success) AS bad FROM bronze.logins GROUP BY ALL ORDER BY hour

-- name: gold.dormant_users class: distributive
SELECT user_id, max(login_at) AS last_seen FROM bronze.logins GROUP BY user_id HAVING max(login_at) FILTER (WHERE success) IS NULL OR max(login_at) < TIMESTAMP '2024-03-12'

-- name: gold.weekly_active class: holistic
SELECT yearweek(login_at) AS week, count(DISTINCT user_id) AS active, count(DISTINCT user_id) FILTER (WHERE NOT success) AS locked_out FROM bronze.logins GROUP BY week ORDER BY week

-- name: gold.active_last_days class: read_time
SELECT d.day, count(DISTINCT l.user_id) AS active_7_days
FROM (SELECT DISTINCT CAST(login_at AS DATE) AS day FROM bronze.logins) AS d JOIN bronze.logins l ON CAST(l.login_at AS DATE) BETWEEN d.day - 6 AND d.day
GROUP BY d.day

-- name: gold.users_with_failures_only class: distributive
SELECT user_id, bool_or(success) AS ever, bool_and(NOT success) AS never FROM bronze.logins GROUP BY user_id HAVING NOT bool_or(success)

-- name: gold.user_sets class: distributive
SELECT user_id FROM bronze.logins WHERE success INTERSECT SELECT user_id FROM bronze.logins WHERE country = 'DE' EXCEPT SELECT user_id FROM bronze.logins WHERE agent LIKE 'curl%'

-- name: gold.both_places class: distributive
SELECT user_id FROM bronze.logins WHERE country = 'DE' INTERSECT SELECT user_id FROM bronze.logins WHERE country = 'US'

-- name: gold.kinds_of_event class: linear
SELECT 'login' AS kind, login_id AS id, user_id, login_at FROM bronze.logins WHERE success
UNION ALL
SELECT 'failure', login_id, user_id, login_at FROM bronze.logins WHERE NOT success

-- name: gold.agents_of_network class: holistic
SELECT network, mode(browser) AS usual, list(DISTINCT browser ORDER BY browser) AS browsers FROM silver.attempts GROUP BY network

-- name: gold.entropy_of_addresses class: holistic
SELECT user_id, entropy(ip) AS spread, count(DISTINCT ip) AS addresses FROM bronze.logins GROUP BY user_id

-- name: gold.masked class: linear
SELECT login_id, left(md5(user_id::VARCHAR), 8) AS who, regexp_replace(ip, '\.\d+$', '.x') AS network, login_at::DATE AS day FROM bronze.logins

-- name: gold.odd_hours class: distributive
SELECT user_id, count(*) AS n FROM bronze.logins WHERE success AND (hour(login_at) < 6 OR hour(login_at) >= 22 OR dayofweek(login_at) IN (0, 6)) GROUP BY user_id
