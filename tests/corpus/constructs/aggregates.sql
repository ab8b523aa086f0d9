-- Aggregates.

-- name: gold.agg_count class: distributive construct: `count(*)`, `count(x)`, `count_if`
SELECT sensor, {'all': count(*), 'some': count(value), 'high': count_if(value > 20)} AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_sum class: distributive construct: `sum` of integers, decimals, doubles
SELECT sensor, sum(value) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_minmax class: distributive construct: `min`, `max`
SELECT sensor, max(value) - min(value) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_bool class: distributive construct: `bool_and`, `bool_or`
SELECT sensor, bool_and(value > 10) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_bits class: distributive construct: `bit_and`, `bit_or`, `bit_xor`
SELECT sensor, bit_or(quality) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_product class: distributive construct: `product`
SELECT sensor, product(quality + 1) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_avg class: algebraic construct: `avg`
SELECT sensor, avg(value) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_var class: algebraic construct: `stddev`, `variance`, `var_pop`, `sem`
SELECT sensor, stddev_samp(value) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_corr class: algebraic construct: `corr`, `covar_*`, `regr_*`
SELECT sensor, corr(value, quality) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_skew class: holistic construct: `skewness`, `kurtosis`
SELECT sensor, skewness(value) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_argmax class: algebraic construct: `arg_max`, `arg_min`, `max_by`, `min_by`
SELECT sensor, arg_max(value, read_at) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_argmax_n class: holistic construct: `max(x, n)`, `arg_max(x, y, n)`
SELECT sensor, max(value, 3) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_first class: algebraic construct: `first`, `last`, `any_value`: by the order of events
SELECT sensor, last(value) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_first_ordered class: algebraic construct: `first(x ORDER BY y)`
SELECT sensor, first(value ORDER BY read_at, reading_id) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_count_distinct class: holistic construct: `count(DISTINCT x)`
SELECT sensor, count(DISTINCT metric) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_count_distinct_row class: holistic construct: `count(DISTINCT (x, y))`
SELECT sensor, count(DISTINCT (metric, quality)) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_sum_distinct class: holistic construct: `sum(DISTINCT x)`, `avg(DISTINCT x)`
SELECT sensor, sum(DISTINCT quality) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_median class: holistic construct: `median`, `quantile_cont`, `quantile_disc`
SELECT sensor, median(value) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_median_decimal class: holistic construct: `median` of decimals, dates, timestamps
SELECT channel, median(price) AS a FROM bronze.orders GROUP BY channel

-- name: gold.agg_quantiles class: holistic construct: `quantile_cont(x, [0.1, 0.9])`
SELECT sensor, quantile_cont(value, [0.1, 0.9]) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_within_group class: holistic construct: `percentile_cont(0.9) WITHIN GROUP (ORDER BY x)`
SELECT sensor, percentile_cont(0.9) WITHIN GROUP (ORDER BY value) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_mode class: holistic construct: `mode`
SELECT sensor, mode(metric) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_mad class: holistic construct: `mad`, `entropy`
SELECT sensor, mad(value) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_histogram class: holistic construct: `histogram`
SELECT sensor, histogram(metric) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_list class: holistic construct: `list`, `array_agg`
SELECT sensor, list(reading_id) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_list_ordered class: holistic construct: `list(x ORDER BY y)`
SELECT sensor, list(value ORDER BY read_at, reading_id) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_list_distinct class: holistic construct: `list(DISTINCT x ORDER BY x)`
SELECT sensor, list(DISTINCT metric ORDER BY metric) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_string class: holistic construct: `string_agg(x, ',' ORDER BY y)`
SELECT sensor, string_agg(metric, ',' ORDER BY read_at, reading_id) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_string_distinct class: holistic construct: `string_agg(DISTINCT x, ',' ORDER BY x)`
SELECT sensor, string_agg(DISTINCT metric, ',' ORDER BY metric) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_json class: holistic construct: `json_group_array`
SELECT sensor, json_group_array(metric) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_json_object class: read_time construct: `json_group_object`
SELECT sensor, json_group_object(reading_id, metric) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_approx class: read_time construct: `approx_count_distinct`, `approx_quantile`
SELECT sensor, approx_count_distinct(metric) > 0 AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_geomean class: algebraic construct: `geomean`
SELECT sensor, geomean(quality + 1) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_wavg class: distributive construct: `weighted_avg`
SELECT sensor, weighted_avg(quality, reading_id) AS a FROM bronze.readings GROUP BY sensor

-- name: gold.agg_arithmetic class: algebraic construct: arithmetic over aggregates
SELECT sensor, round(100.0 * count(value) / count(*), 1) + avg(quality) AS a FROM bronze.readings GROUP BY sensor
