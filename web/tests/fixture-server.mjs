// A stand-in for the server, for developing and looking at the page without one: plain node, no dependency.
// It serves dist/ and plausible answers under /v1 (see docs/api.md), with events that keep arriving.
// It is not the product and proves nothing about it; the page tests are meant for the real server.
//
//   node tests/fixture-server.mjs            PORT=8080  RATE=<events a second>  EMPTY=1 for a project without data

import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const port = Number(process.env.PORT ?? 8080);
const empty = process.env.EMPTY === '1';
const startedAt = Date.now();
const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

// The same numbers in every run, so that pictures can be compared.
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const carriers = [
  ['UA', 'United Air Lines Inc.', 58665, 12.106, 3.558], ['B6', 'JetBlue Airways', 54635, 13.022, 9.458],
  ['EV', 'ExpressJet Airlines Inc.', 54173, 19.955, 15.796], ['DL', 'Delta Air Lines Inc.', 48110, 9.265, 1.644],
  ['AA', 'American Airlines Inc.', 32729, 8.586, 0.364], ['MQ', 'Envoy Air', 26397, 10.552, 10.775],
  ['US', 'US Airways Inc.', 20536, 3.782, 2.13], ['9E', 'Endeavor Air Inc.', 18460, 16.726, 7.38],
  ['WN', 'Southwest Airlines Co.', 12275, 17.712, 9.649], ['VX', 'Virgin America', 5162, 12.869, 1.764],
  ['FL', 'AirTran Airways Corporation', 3260, 18.726, 20.116], ['AS', 'Alaska Airlines Inc.', 714, 5.805, -9.931],
  ['F9', 'Frontier Airlines Inc.', 685, 20.216, 21.921], ['YV', 'Mesa Airlines Inc.', 601, 18.996, 15.557],
  ['HA', 'Hawaiian Airlines Inc.', 342, 4.901, -6.915], ['OO', 'SkyWest Airlines Inc.', 32, 12.586, 11.931],
];

const state = {
  durable: empty ? 0 : 336_776, applied: empty ? 0 : 336_776, archived: empty ? 0 : 308_641, cutoff: empty ? 0 : 308_641,
  weather: empty ? 0 : 26_115, epoch: empty ? 1 : 17, ticks: 4711, rate: 0, target: Number(process.env.RATE ?? 180),
  build: empty ? null : { id: '20261123T093500Z-1', cutoff: { flights: [308_641], weather: [26_115] }, at: startedAt - 184_000 },
  running: null, lastEventAt: 0, posted: 0, quarantine: [], verified: {},
  added: new Map(), started: Date.now(),
};
const reasons = [
  ['line 2: not JSON: unexpected character at 1', 'not json'],
  ['field dep_delay: "late" is not an integer', '{"carrier":"UA","flight":1545,"origin":"EWR","dest":"IAH","dep_delay":"late"}'],
  ['field time_hour: not an ISO 8601 time', `{"carrier":"B6","time_hour":"01/01/2013 5am","note":"${'an unusually long remark. '.repeat(40)}"}`],
];
if (!empty) {
  for (let i = 0; i < 137; i += 1) {
    const [reason, raw] = reasons[i % reasons.length];
    state.quarantine.unshift({
      id: `flights/0/${1200 + i * 911}/${i % 3}`, stream: 'flights', partition: 0, at_offset: 1200 + i * 911, index: i % 3,
      received_at: iso(startedAt - (137 - i) * 63_000), reason,
      ...(i % 19 === 7 ? { raw_base64: Buffer.from([0xff, 0xfe, 0x00, i]).toString('base64') } : { raw }),
    });
  }
  for (const name of ['silver.flights', 'gold.delay_by_carrier', 'gold.daily_traffic']) {
    state.verified[name] = { result: 'equal', rows: 16, at: iso(startedAt - 95_000), offsets: { flights: [336_100] } };
  }
}
const builds = empty ? [] : [
  { id: '20261123T093500Z-1', state: 'published', reason: 'asked', views: ['silver.flights', 'gold.delay_by_carrier', 'gold.daily_traffic', 'gold.origin_traffic', 'gold.last_flight_of_plane', 'gold.busiest_hours'],
    cutoff: { flights: [308_641], weather: [26_115] }, started_at: iso(startedAt - 186_100), finished_at: iso(startedAt - 184_000), duration_ms: 2100, rows: 312_345, peak_memory_bytes: 412_000_000, error: null },
  { id: '20261123T091200Z-3', state: 'failed', reason: 'slices over limit', views: [], cutoff: { flights: [290_000], weather: [26_115] },
    started_at: iso(startedAt - 1_500_000), finished_at: iso(startedAt - 1_498_700), duration_ms: 1300, rows: null, peak_memory_bytes: 96_000_000,
    error: 'gold.daily_traffic: Out of Memory Error: failed to allocate 64.0 MiB (190.2 MiB/200.0 MiB used)' },
  { id: '20261123T090000Z-2', state: 'abandoned', reason: 'asked', views: ['gold.daily_traffic'], cutoff: { flights: [120_000] },
    started_at: iso(startedAt - 2_400_000), finished_at: iso(startedAt - 2_399_000), duration_ms: 1000, rows: null, peak_memory_bytes: null, error: null },
];

const col = (name, type) => ({ name, type });
const flightColumns = [
  col('flight_date', 'DATE'), col('carrier', 'VARCHAR'), col('flight', 'INTEGER'), col('tailnum', 'VARCHAR'), col('origin', 'VARCHAR'),
  col('dest', 'VARCHAR'), col('dep_delay', 'INTEGER'), col('arr_delay', 'INTEGER'), col('air_time', 'INTEGER'), col('distance', 'INTEGER'),
  col('time_hour', 'TIMESTAMP WITH TIME ZONE'), col('remark', 'VARCHAR'),
];
const dests = ['IAH', 'MIA', 'BQN', 'ATL', 'ORD', 'FLL', 'IAD', 'MCO', 'PBI', 'TPA', 'LAX', 'SFO'];
let flightRows = null;
function flights() {
  if (flightRows !== null) return flightRows;
  const next = random(7);
  flightRows = Array.from({ length: 100_000 }, (_, i) => {
    const minute = Math.floor((i / 100_000) * 365 * 1440);
    const at = new Date(Date.UTC(2013, 0, 1) + minute * 60_000);
    const delay = next() < 0.03 ? null : Math.round((next() ** 3) * 160 - 8);
    return [
      at.toISOString().slice(0, 10), carriers[Math.floor(next() ** 1.6 * 16)][0], 1 + Math.floor(next() * 6000), `N${10_000 + Math.floor(next() * 89_999)}`,
      ['EWR', 'JFK', 'LGA'][Math.floor(next() * 3)], dests[Math.floor(next() * 12)], delay, delay === null ? null : delay - Math.round(next() * 20),
      delay === null ? null : 40 + Math.floor(next() * 300), 200 + Math.floor(next() * 2300), `${at.toISOString().slice(0, 13)}:00:00Z`,
      i % 97 === 0 ? `{"crew":"${'held for a late connection, '.repeat(9)}","gate":"B${i % 40}"}` : null,
    ];
  });
  return flightRows;
}

function dailyRows() {
  const next = random(3);
  return Array.from({ length: 365 }, (_, i) => {
    const day = new Date(Date.UTC(2013, 0, 1 + i));
    const weekend = [0, 6].includes(day.getUTCDay()) ? -120 : 0;
    const planned = Math.round(920 + weekend + Math.sin(i / 58) * 45 + next() * 40);
    const cancelled = Math.round(next() ** 6 * 240);
    return [day.toISOString().slice(0, 10), planned + (i === 364 ? state.posted : 0), planned - cancelled, Number((9 + next() ** 3 * 40 + Math.sin(i / 30) * 5).toFixed(4))];
  });
}

const views = [
  { name: 'silver.flights', layer: 'silver', class: 'linear', maintained: true, description: 'Flights with their date and clean delays', columns: flightColumns,
    depends_on: ['bronze.flights'], rows: () => flights(), build_rows: 308_641, errors: 1,
    sql: "-- One row a flight.\nSELECT make_date(year, month, day) AS flight_date,\n       carrier, flight, tailnum, origin, dest,\n       dep_delay, arr_delay, air_time, distance, time_hour,\n       remark\nFROM bronze.flights\nWHERE carrier IS NOT NULL",
    plan: { rows: 'SELECT make_date(year, month, day) AS flight_date, carrier, flight\nFROM bronze.flights\nWHERE carrier IS NOT NULL', parts: [], finalise: 'SELECT * FROM state' } },
  { name: 'gold.delay_by_carrier', layer: 'gold', class: 'algebraic', maintained: true, description: 'How late each carrier departs and arrives',
    columns: [col('carrier', 'VARCHAR'), col('name', 'VARCHAR'), col('flights', 'BIGINT'), col('mean_dep_delay', 'DOUBLE'), col('mean_arr_delay', 'DOUBLE')],
    depends_on: ['silver.flights', 'bronze.airlines'], build_rows: 16, errors: 0,
    rows: () => carriers.map(([code, name, n, dep, arr], i) => [code, name, n + (state.added.get(code) ?? 0) + Math.floor(Math.max(0, state.applied - 336_776) * (16 - i) / 136), dep + ((state.applied * (i + 3)) % 97) / 1e4, arr]),
    sql: 'SELECT f.carrier,\n       a.name,\n       count(*)          AS flights,\n       avg(f.dep_delay)  AS mean_dep_delay,\n       avg(f.arr_delay)  AS mean_arr_delay\nFROM silver.flights f\nLEFT JOIN bronze.airlines a USING (carrier)\nGROUP BY ALL\nORDER BY flights DESC',
    plan: { rows: 'SELECT f.carrier, a.name, f.dep_delay, f.arr_delay\nFROM bronze.flights f\nLEFT JOIN bronze.airlines a USING (carrier)\nWHERE f.carrier IS NOT NULL',
      parts: [{ name: 'main', partial: 'SELECT carrier, name, count(*) AS n,\n       sum(dep_delay) AS dep_sum, count(dep_delay) AS dep_n,\n       sum(arr_delay) AS arr_sum, count(arr_delay) AS arr_n\nFROM rows\nGROUP BY carrier, name',
        merge: 'SELECT carrier, name, sum(n) AS n,\n       sum(dep_sum) AS dep_sum, sum(dep_n) AS dep_n,\n       sum(arr_sum) AS arr_sum, sum(arr_n) AS arr_n\nFROM states\nGROUP BY carrier, name' }],
      finalise: 'SELECT carrier, name, n AS flights,\n       dep_sum / dep_n AS mean_dep_delay,\n       arr_sum / arr_n AS mean_arr_delay\nFROM merged\nORDER BY flights DESC' } },
  { name: 'gold.daily_traffic', layer: 'gold', class: 'algebraic', maintained: true, description: 'Flights and delays of each day', build_rows: 341, errors: 0,
    columns: [col('flight_date', 'DATE'), col('planned', 'BIGINT'), col('departed', 'BIGINT'), col('mean_dep_delay', 'DOUBLE')],
    depends_on: ['silver.flights'], rows: dailyRows, sql: 'SELECT flight_date,\n       count(*) AS planned,\n       count(dep_delay) AS departed,\n       avg(dep_delay) AS mean_dep_delay\nFROM silver.flights\nGROUP BY flight_date\nORDER BY flight_date',
    plan: { rows: 'SELECT flight_date, dep_delay FROM …', parts: [{ name: 'main', partial: 'SELECT flight_date, count(*) AS n FROM rows GROUP BY ALL', merge: 'SELECT flight_date, sum(n) AS n FROM states GROUP BY ALL' }], finalise: 'SELECT flight_date, n AS planned FROM merged ORDER BY flight_date' } },
  { name: 'gold.origin_traffic', layer: 'gold', class: 'algebraic', maintained: true, description: 'Flights of each month by airport of departure', build_rows: 36, errors: 0,
    columns: [col('month_start', 'DATE'), col('origin', 'VARCHAR'), col('flights', 'BIGINT'), col('revenue', 'DECIMAL(18,2)')], depends_on: ['silver.flights'],
    rows: () => Array.from({ length: 36 }, (_, i) => [`2013-${String(1 + Math.floor(i / 3)).padStart(2, '0')}-01`, ['EWR', 'JFK', 'LGA'][i % 3], 8200 + ((i * 7919) % 2400) + (i % 3) * -600, 812_345.5 + i * 1033.25]),
    sql: 'SELECT date_trunc(\'month\', flight_date) AS month_start, origin, count(*) AS flights\nFROM silver.flights\nGROUP BY ALL', plan: null },
  { name: 'gold.last_flight_of_plane', layer: 'gold', class: 'keyed', maintained: true, description: null, build_rows: 4043, errors: 0,
    columns: [col('tailnum', 'VARCHAR'), col('dest', 'VARCHAR'), col('time_hour', 'TIMESTAMP WITH TIME ZONE'), col('detail', 'STRUCT(model VARCHAR, seats INTEGER)')], depends_on: ['silver.flights', 'bronze.planes'],
    rows: () => flights().slice(-400).map((row, i) => [row[3], row[5], row[10], { model: `A${319 + (i % 3)}`, seats: 130 + (i % 60) }]), sql: 'SELECT DISTINCT ON (tailnum) tailnum, dest, time_hour\nFROM silver.flights\nORDER BY tailnum, time_hour DESC', plan: null },
  { name: 'gold.busiest_hours', layer: 'gold', class: 'read_time', maintained: false, description: 'Hours ranked by traffic, among all hours of their day', build_rows: null, errors: 0,
    columns: [col('hour', 'INTEGER'), col('flights', 'BIGINT'), col('place', 'BIGINT')], depends_on: ['silver.flights'],
    rows: () => Array.from({ length: 19 }, (_, i) => [5 + i, Math.round(9000 + Math.sin(i / 3) * 6000 + i * 120), i + 1]),
    reasons: [{ clause: 'rank() OVER (PARTITION BY flight_date …)', reason: 'a window over raw events needs all rows of its partition: a later event changes the place of earlier ones', line: 3, column: 8 }],
    sql: 'SELECT hour,\n       flights,\n       rank() OVER (PARTITION BY flight_date ORDER BY flights DESC) AS place\nFROM silver.flights', plan: null },
];
const slice = () => Math.max(0, state.applied - state.cutoff);
const viewRecord = (view) => {
  const { name, layer, class: kind, maintained, description, columns, depends_on, build_rows, errors } = view;
  return { name, layer, class: kind, maintained, description, columns, depends_on, build_rows, errors, slice_rows: view.maintained ? Math.min(slice(), view.name === 'silver.flights' ? slice() : 16) : null, last_verify: state.verified[view.name] ?? null };
};

function status() {
  const now = Date.now();
  const active = now - state.lastEventAt < 60_000;
  return {
    project: 'flights', version: '0.1.0', started_at: iso(startedAt), uptime_s: (now - startedAt) / 1000, epoch: state.epoch, ready: true, changed_files: state.changed ?? [],
    build: state.build && { id: state.build.id, cutoff: state.build.cutoff, published_at: iso(state.build.at), age_s: (now - state.build.at) / 1000 },
    streams: [
      { name: 'flights', partitions: 1, durable_offsets: [state.durable], applied_offsets: [state.applied], archived_offsets: [state.archived], cutoff_offsets: [state.cutoff],
        events_per_s: state.rate, lag_events: state.durable - state.applied, lag_ms: state.durable > state.applied ? 2.1 : 0, quarantined: state.quarantine.length, log_bytes: state.durable * 182 },
      { name: 'weather', partitions: 1, durable_offsets: [state.weather], applied_offsets: [state.weather], archived_offsets: [state.weather], cutoff_offsets: [empty ? 0 : 26_115],
        events_per_s: 0, lag_events: 0, lag_ms: 0, quarantined: 0, log_bytes: state.weather * 140 },
    ],
    tables: empty ? [] : [
      { name: 'airlines', version: 1, pinned_version: 1, rows: 16, copied_at: iso(startedAt - 7_000_000) },
      { name: 'airports', version: 1, pinned_version: 1, rows: 1458, copied_at: iso(startedAt - 7_000_000) },
      { name: 'planes', version: 2, pinned_version: 1, rows: 3322, copied_at: iso(startedAt - 240_000) },
    ],
    speed: { ticks: state.ticks, tick_ms_p50: 3.1, tick_ms_p99: 6.0, slice_rows: slice(), compactions: 12, replaying: false },
    freshness_ms: active ? { p50: 4.2 + Math.sin(now / 3000), p99: 8.8 + Math.sin(now / 5000) } : { p50: null, p99: null },
    running_build: state.running, memory_bytes: 183_500_800 + slice() * 90,
    storage: { log_bytes: 48_123_456, bronze_bytes: 21_234_567, silver_bytes: 9_234_567, gold_bytes: 512_345, states_bytes: 13_123_456, other_bytes: 812_345, free_bytes: 52_123_456_789 },
  };
}

const listeners = new Set();
const send = (event, data) => {
  for (const response of listeners) response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
};
setInterval(() => {
  if (!empty && state.target > 0) {
    state.rate = state.target * (0.8 + 0.4 * Math.abs(Math.sin(Date.now() / 9000)));
    state.applied = state.durable;
    state.durable += Math.round(state.rate / 4);
    state.ticks += 12;
    state.lastEventAt = Date.now();
  } else {
    state.applied = state.durable;
    state.rate *= 0.5;
  }
  state.archived = Math.max(state.archived, state.durable - 20_000);
  send('status', status());
}, 250).unref();

function answer(columns, rows, started) {
  return { columns, rows, build: state.build?.id ?? null, offsets: { flights: [state.applied] }, epoch: state.epoch, elapsed_ms: performance.now() - started + 1.4 };
}

function runSql(sql) {
  const started = performance.now();
  const wrong = /\b(SELEC|FORM|GROUPP)\b/i.exec(sql);
  const place = (index) => ({ line: sql.slice(0, index).split('\n').length, column: index - sql.lastIndexOf('\n', index - 1) });
  if (wrong) {
    return [400, { type: 'about:blank', title: 'Bad SQL', status: 400, code: 'bad_sql', detail: `syntax error at or near "${wrong[0]}"`, ...place(wrong.index), hint: `Did you mean "${{ SELEC: 'SELECT', FORM: 'FROM', GROUPP: 'GROUP' }[wrong[0].toUpperCase()]}"?` }];
  }
  if (!/^\s*(--.*\n\s*)*(SELECT|WITH|FROM)/i.test(sql)) {
    return [403, { type: 'about:blank', title: 'Refused SQL', status: 403, code: 'refused_sql', detail: 'Only one SELECT is allowed here.', line: 1, column: 1, hint: 'Write a SELECT over views, streams or tables.' }];
  }
  const named = /\bFROM\s+([\w.]+)/i.exec(sql);
  if (named) {
    const view = views.find((each) => each.name === named[1].toLowerCase());
    const limit = Number(/\bLIMIT\s+(\d+)/i.exec(sql)?.[1] ?? 1e9);
    if (view) return [200, answer(view.columns, view.rows().slice(0, limit), started)];
    if (!/^(bronze|range)/i.test(named[1])) {
      const index = named.index + named[0].length - named[1].length;
      return [400, { type: 'about:blank', title: 'Bad SQL', status: 400, code: 'bad_sql', detail: `Catalog Error: there is no view, stream or table "${named[1]}"`, ...place(index), hint: 'Did you mean "gold.delay_by_carrier"?' }];
    }
  }
  return [200, answer([col('n', 'BIGINT'), col('big', 'HUGEINT')], [[state.applied, '170141183460469231731687303715884105727']], started)];
}

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function json(response, code, value) {
  const type = code >= 400 ? 'application/problem+json' : 'application/json';
  response.writeHead(code, { 'content-type': type });
  response.end(JSON.stringify(value));
}
const missing = (response, code, detail) => json(response, 404, { type: 'about:blank', title: 'Not found', status: 404, code, detail });
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function build(names) {
  const id = `${iso(Date.now()).replace(/[-:]/g, '')}-${builds.length + 1}`;
  const begun = Date.now();
  const cutoff = state.applied;
  const stages = [['archive', 1], ['tables', 3], ['views', 6], ['manifest', 1]];
  const record = { id, state: 'running', reason: 'asked', views: names, cutoff: { flights: [cutoff], weather: [state.weather] }, started_at: iso(begun), finished_at: null, duration_ms: null, rows: null, peak_memory_bytes: null, error: null };
  builds.unshift(record);
  send('builds', record);
  for (const [stage, total] of stages) {
    for (let done = 0; done <= total; done += 1) {
      state.running = { id, stage, done, total, started_at: iso(begun) };
      await wait(120);
    }
  }
  state.running = null;
  state.cutoff = cutoff;
  state.archived = Math.max(state.archived, cutoff);
  state.epoch += 1;
  state.build = { id, cutoff: record.cutoff, at: Date.now() };
  Object.assign(record, { state: 'published', finished_at: iso(Date.now()), duration_ms: Date.now() - begun, rows: 318_002, peak_memory_bytes: 402_000_000 });
  send('builds', record);
  return record;
}

async function api(request, response, url) {
  const { pathname: path, searchParams: params } = url;
  if (path === '/v1/status') return json(response, 200, status());
  if (path === '/v1/updates') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(`event: status\ndata: ${JSON.stringify(status())}\n\n`);
    listeners.add(response);
    request.on('close', () => listeners.delete(response));
    return undefined;
  }
  if (path === '/v1/views') return json(response, 200, { views: empty ? [] : views.map(viewRecord) });
  const named = /^\/v1\/views\/([^/]+)(\/rows|\/errors)?$/.exec(path);
  if (named) {
    const view = views.find((each) => each.name === decodeURIComponent(named[1]));
    if (!view) return missing(response, 'unknown_view', `There is no view "${named[1]}".`);
    const started = performance.now();
    if (named[2] === '/rows') return json(response, 200, answer(view.columns, view.rows().slice(0, Number(params.get('limit') ?? 1000)), started));
    if (named[2] === '/errors') {
      const errors = view.errors ? [{ stream: 'flights', partition: 0, offset: 12, message: "Could not convert string 'x' to INT32", raw: '{"carrier":"UA","year":2013,"month":"x"}' }] : [];
      return json(response, 200, { view: view.name, total: errors.length, errors });
    }
    return json(response, 200, { ...viewRecord(view), sql: view.sql, file: `models/${view.name.replace('.', '/')}.sql`, reasons: view.reasons ?? [], plan: view.plan });
  }
  if (path === '/v1/query') {
    const asked = JSON.parse(await body(request));
    if (/pg_sleep|slow/i.test(asked.sql)) await wait(3000);
    return json(response, ...runSql(asked.sql));
  }
  if (path === '/v1/builds' && request.method === 'GET') return json(response, 200, { builds });
  if (path === '/v1/builds') {
    if (state.running) return json(response, 409, { type: 'about:blank', title: 'A build is running', status: 409, code: 'conflict', detail: `Build ${state.running.id} is at work.` });
    return json(response, 200, await build(JSON.parse((await body(request)) || '{}').views ?? []));
  }
  if (path === '/v1/verify') {
    const { views: names } = JSON.parse(await body(request));
    await wait(300);
    const results = names.map((name) => {
      const different = name === 'gold.busiest_hours';
      const offsets = { flights: [state.applied] };
      state.verified[name] = { result: different ? 'different' : 'equal', rows: 16, at: iso(Date.now()), offsets };
      return { view: name, result: different ? 'different' : 'equal', rows: 16, offsets, elapsed_ms: 130.4, note: null,
        differences: different ? [{ columns: ['hour', 'flights', 'place'], expected: [5, 9000, 1], actual: [5, 8999, 1] }, { columns: ['hour', 'flights', 'place'], expected: null, actual: [24, 1, 20] }] : [] };
    });
    return json(response, 200, { results });
  }
  if (path === '/v1/quarantine') {
    const all = state.quarantine.filter((entry) => !params.get('stream') || entry.stream === params.get('stream'));
    const from = params.get('after') ? all.findIndex((entry) => entry.id === params.get('after')) + 1 : 0;
    const limit = Number(params.get('limit') ?? 100);
    const entries = all.slice(from, from + limit);
    return json(response, 200, { total: all.length, next: from + limit < all.length ? entries[entries.length - 1].id : null, entries });
  }
  const events = /^\/v1\/streams\/([^/]+)\/events$/.exec(path);
  if (events && request.method === 'POST') {
    if (events[1] !== 'flights') return missing(response, 'unknown_stream', `There is no stream "${events[1]}".`);
    const lines = (await body(request)).split('\n').filter((line) => line.trim() !== '');
    let accepted = 0;
    const first = state.durable;
    for (const [i, line] of lines.entries()) {
      try {
        const { carrier } = JSON.parse(line);
        state.added.set(carrier, (state.added.get(carrier) ?? 0) + 1);
        accepted += 1;
      } catch {
        state.quarantine.unshift({ id: `flights/0/${state.durable}/${i}`, stream: 'flights', partition: 0, at_offset: state.durable, index: i, received_at: iso(Date.now()), reason: `line ${i + 1}: not JSON`, raw: line });
      }
    }
    state.durable += accepted;
    state.posted += accepted;
    state.lastEventAt = Date.now();
    return json(response, 200, { stream: 'flights', accepted, quarantined: lines.length - accepted, ranges: accepted ? [{ partition: 0, first_offset: first, last_offset: state.durable - 1 }] : [] });
  }
  return missing(response, 'not_found', `There is nothing at ${path}.`);
}

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
createServer((request, response) => {
  const url = new URL(request.url, 'http://stand-in');
  if (url.pathname.startsWith('/v1/')) {
    api(request, response, url).catch((error) => json(response, 500, { title: 'Internal', status: 500, code: 'internal', detail: String(error), id: 'stand-in' }));
    return;
  }
  const asked = join(dist, normalize(decodeURIComponent(url.pathname)));
  const file = asked.startsWith(dist) && existsSync(asked) && statSync(asked).isFile() ? asked : join(dist, 'index.html');
  response.writeHead(200, {
    'content-type': types[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'self'",
  });
  createReadStream(file).pipe(response);
}).listen(port, '127.0.0.1', () => console.log(`stand-in on http://127.0.0.1:${port}`));
