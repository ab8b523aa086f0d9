import { digits, expect, flight, open, places, test, view } from './page';

for (const place of places) {
  test(`${place.name} loads`, async ({ page, quiet }) => {
    if (place.name === 'sql-error') quiet.allow(/400/);
    await open(page, place);
    await expect(page).toHaveTitle(/Anabranch/);
  });
}

test('the flow moves when an event arrives', async ({ page, request }) => {
  await open(page, places[0]);
  const durable = page.getByTestId('durable-flights');
  const before = digits(await durable.textContent());
  const answer = await request.post('/v1/streams/flights/events', {
    headers: { 'content-type': 'application/x-ndjson' }, data: `${JSON.stringify(flight)}\n`,
  });
  expect(answer.ok()).toBe(true);
  const { accepted, ranges } = await answer.json();
  expect(accepted).toBe(1);
  await expect.poll(async () => digits(await durable.textContent())).toBeGreaterThan(Math.max(before, ranges[0].last_offset));
  await expect.poll(async () => digits(await page.getByTestId('applied-flights').textContent())).toBeGreaterThan(ranges[0].last_offset);
});

test('the disk card says what there is', async ({ page, request }) => {
  await open(page, places[0]);
  const { storage } = await (await request.get('/v1/status')).json();
  expect(storage.log_bytes).toBeGreaterThan(0);
  expect(storage.free_bytes).toBeGreaterThan(0);
  const card = page.getByTestId('disk-card');
  for (const part of ['log', 'bronze', 'silver', 'gold', 'states', 'other'])
    await expect(card.getByText(part, { exact: true })).toBeVisible();
  await expect(card.getByRole('listitem').first()).toHaveText(/log\s*[\d.,]+ [kKMG]?i?B/);
});

test('the processes card says what runs', async ({ page, request }) => {
  await open(page, places[0]);
  const { processes } = await (await request.get('/v1/status')).json();
  const card = page.getByTestId('processes-card');
  await expect(card.getByRole('listitem')).toHaveCount(processes.length);
  await expect(card.getByRole('listitem').first()).toHaveText(/server\s*started .*[\d.,]+ [kKMG]?i?B/);
});

test('an open view follows the events', async ({ page, request }) => {
  await open(page, { path: `/views/${view}?find=carrier=UA`, ready: 'data-table' });
  const cells = page.getByTestId('grid').getByRole('gridcell');
  const flights = await columnOf(page, 'flights');
  const before = digits(await cells.nth(flights).textContent());
  await request.post('/v1/streams/flights/events', { headers: { 'content-type': 'application/json' }, data: JSON.stringify([flight, flight]) });
  await expect.poll(async () => digits(await cells.nth(flights).textContent())).toBeGreaterThanOrEqual(before + 2);
});

test('rows sort, filter and open', async ({ page }) => {
  await open(page, { path: `/views/${view}`, ready: 'data-table' });
  const flights = await columnOf(page, 'flights');
  const cell = (row: number) => page.getByTestId('grid').getByRole('row').nth(row).getByRole('gridcell').nth(flights);
  await page.getByTestId('sort-flights').click();
  await expect(page).toHaveURL(/sort=-flights/);
  expect(digits(await cell(1).textContent())).toBeGreaterThan(digits(await cell(2).textContent()));
  await page.getByTestId('sort-flights').click();
  await expect(page).toHaveURL(/sort=flights/);
  expect(digits(await cell(1).textContent())).toBeLessThan(digits(await cell(2).textContent()));
  await page.getByTestId('table-filter').fill('carrier=UA');
  await expect(page.getByTestId('row-count')).toContainText('1 of');
  await page.getByTestId('grid').getByRole('gridcell').first().dblclick();
  await expect(page.getByTestId('value-dialog')).toContainText('UA');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('value-dialog')).toHaveCount(0);
});

test('rows and chart are saved as files', async ({ page }) => {
  await open(page, { path: `/views/${view}`, ready: 'data-table' });
  for (const [button, name] of [['export-csv', `${view}.csv`], ['export-json', `${view}.json`], ['export-png', `${view}.png`]] as const) {
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByTestId(button).click()]);
    expect(file.suggestedFilename()).toBe(name);
  }
});

test('a statement runs from the keyboard', async ({ page }) => {
  await page.goto('/sql');
  await page.getByTestId('sql-input').fill(`SELECT * FROM ${view}`);
  await page.keyboard.press('Control+Enter');
  await expect(page.getByTestId('data-table')).toBeVisible();
  await expect(page.getByTestId('grid').getByRole('gridcell').first()).toBeVisible();
  await expect(page.getByTestId('elapsed')).toContainText(/ms|s/);
  await expect(page.getByTestId('answer-offsets')).toContainText('flights');
  await expect(page).toHaveURL(/\/sql\?q=/);
  await page.getByTestId('as-chart').click();
  await expect(page.getByTestId('chart')).toHaveAttribute('data-ready', 'true');
  await page.reload();
  await expect(page.getByTestId('data-table')).toBeVisible();
  await page.getByTestId('sql-history').locator('summary').click();
  await expect(page.getByTestId('sql-history')).toContainText(`FROM ${view}`);
});

test('a mistake in SQL is shown with its place', async ({ page, quiet }) => {
  quiet.allow(/400/);
  await page.goto('/sql');
  await page.getByTestId('sql-input').fill(`SELECT carrier,\n       flights\nFORM ${view}`);
  await page.getByTestId('sql-run').click();
  const problem = page.getByTestId('problem');
  await expect(problem).toBeVisible();
  await expect(problem.getByTestId('problem-code')).toContainText('bad_sql');
  await expect(problem.getByTestId('problem-place')).toContainText(/Line \d+/);
  await expect(problem.getByTestId('code-mark')).toContainText('^');
});

test('a refused statement is shown as such', async ({ page, quiet }) => {
  quiet.allow(/403|400/);
  await page.goto('/sql');
  await page.getByTestId('sql-input').fill("COPY (SELECT 1) TO 'x.csv'");
  await page.getByTestId('sql-run').click();
  await expect(page.getByTestId('problem-code')).toContainText(/refused_sql|bad_sql/);
});

test('a build is started and appears', async ({ page }) => {
  await open(page, { path: '/builds', ready: 'start-build' });
  await page.getByTestId('start-build').click();
  await expect(page.getByTestId('build-started')).toContainText('published', { timeout: 50_000 });
  const id = await page.getByTestId('build-started').locator('code').textContent();
  await expect(page.getByTestId(`build-${id}`)).toHaveAttribute('data-state', 'published');
});

test('a view is verified', async ({ page }) => {
  await open(page, { path: `/views/${view}`, ready: 'data-table' });
  await page.getByTestId('verify-view').click();
  await expect(page.getByTestId('verify-result')).toContainText('Equal', { timeout: 50_000 });
});

test('what is not an event is found in quarantine', async ({ page, request }) => {
  const mark = `not json ${Date.now()}`;
  await request.post('/v1/streams/flights/events', { headers: { 'content-type': 'application/x-ndjson' }, data: `${mark}\n` });
  const found = page.getByTestId('raw').filter({ hasText: mark });
  await page.goto('/quarantine?stream=flights');
  await expect(page.getByTestId('quarantine-list')).toBeVisible();
  // Newest first or last is the server's choice: page on until it is found.
  while (await found.count() === 0 && await page.getByTestId('next-page').count() > 0) {
    const first = await page.getByTestId('quarantine-entry').first().textContent();
    await page.getByTestId('next-page').click();
    await expect(page.getByTestId('quarantine-entry').first()).not.toHaveText(first ?? '');
  }
  await expect(found).toBeVisible();
});

test('keys jump, search and close', async ({ page }) => {
  await open(page, places[0]);
  for (const [key, path] of [['v', '/views'], ['s', '/sql'], ['b', '/builds'], ['q', '/quarantine'], ['f', '/']] as const) {
    await page.locator('#main').focus();
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await expect.poll(() => new URL(page.url()).pathname).toBe(path);
  }
  await page.keyboard.press('?');
  await expect(page.getByTestId('keys-help')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('keys-help')).toHaveCount(0);
  await page.keyboard.press('/');
  await page.getByTestId('palette-input').fill('delay_by_carr');
  await expect(page.getByTestId('palette-entry').first()).toContainText(view);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/views/${view}$`));
});

test('the theme is kept', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await open(page, places[0]);
  await page.getByTestId('theme-toggle').click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('a lost server makes the page stale, and its return live', async ({ page, quiet }) => {
  quiet.allow(/ERR_FAILED|Failed to load resource/);
  // A stream of events that is open already cannot be cut from here, so none is let in: the page polls, then loses that too.
  await page.route('**/v1/updates', (route) => route.abort());
  await page.goto('/');
  await expect(page.getByTestId('link-state')).toHaveAttribute('data-state', 'polling');
  await page.route('**/v1/**', (route) => route.abort());
  await expect(page.getByTestId('stale-banner')).toBeVisible({ timeout: 20_000 });
  await page.unrouteAll();
  await expect(page.getByTestId('link-state')).toHaveAttribute('data-state', 'live', { timeout: 30_000 });
  await expect(page.getByTestId('stale-banner')).toHaveCount(0);
});

test('faults and changed files are told on every page', async ({ page, quiet }) => {
  quiet.allow(/ERR_FAILED|Failed to load resource/);
  await page.route('**/v1/updates', (route) => route.abort());
  await page.route('**/v1/status', async (route) => {
    const answer = await route.fetch();
    const status = await answer.json();
    expect(status.faults).toEqual([]);
    expect(status.changed_files).toEqual([]);
    await route.fulfill({ json: { ...status, changed_files: ['models/gold/daily.sql', 'streams/flights.yml'],
      faults: [{ of: 'bronze.planes', message: 'the file of its version 1 is missing', hint: 'run anabranch copy' }, { of: 'gold.x', message: 'waits', hint: null }] } });
  });
  for (const path of ['/', '/sql']) {
    await page.goto(path);
    await expect(page.getByTestId('changed-banner')).toContainText('models/gold/daily.sql and 1 more differ from what runs');
    await expect(page.getByTestId('fault-banner')).toContainText('bronze.planes: the file of its version 1 is missing (run anabranch copy); and 1 more');
  }
});

test('without events the status is asked for', async ({ page, quiet }) => {
  quiet.allow(/ERR_FAILED|Failed to load resource/);
  await page.route('**/v1/updates', (route) => route.abort());
  await page.goto('/');
  await expect(page.getByTestId('link-state')).toHaveAttribute('data-state', 'polling');
  await expect(page.getByTestId('flow-picture')).toBeVisible();
});

test('an unknown view says so', async ({ page, quiet }) => {
  quiet.allow(/404/);
  await page.goto('/views/gold.nothing_of_the_kind');
  await expect(page.getByTestId('no-view')).toBeVisible();
});

test('charts are loaded only when first needed', async ({ page }) => {
  const scripts: string[] = [];
  page.on('request', (request) => {
    if (request.resourceType() === 'script') scripts.push(request.url());
  });
  await open(page, places[0]);
  expect(scripts.filter((url) => url.includes('echarts'))).toEqual([]);
  await open(page, { path: `/views/${view}`, ready: 'data-table' });
  expect(scripts.filter((url) => url.includes('echarts'))).toHaveLength(1);
});

/** Where a column stands, by its header. */
async function columnOf(page: import('@playwright/test').Page, name: string): Promise<number> {
  const headers = await page.getByTestId('grid').getByRole('columnheader').allTextContents();
  const at = headers.findIndex((header) => header.startsWith(name));
  expect(at, `column ${name}`).toBeGreaterThanOrEqual(0);
  return at;
}
