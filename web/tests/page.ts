// What every test of the page starts from: no error in the console, and no request to any other host.

import { test as base, expect, type Page } from '@playwright/test';

export const test = base.extend<{ quiet: { allow: (pattern: RegExp) => void } }>({
  quiet: [
    async ({ page, baseURL }, use) => {
      const home = new URL(baseURL ?? '').origin;
      const errors: string[] = [];
      const elsewhere: string[] = [];
      const allowed: RegExp[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      page.on('pageerror', (error) => errors.push(String(error)));
      page.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith(home) && !/^(data|blob):/.test(url)) elsewhere.push(url);
      });
      await use({ allow: (pattern) => allowed.push(pattern) });
      expect(elsewhere, 'requests to other hosts').toEqual([]);
      expect(errors.filter((error) => !allowed.some((pattern) => pattern.test(error))), 'console errors').toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

export const view = 'gold.delay_by_carrier';

/** Every place of the page, and what shows that it is there. */
export const places = [
  { name: 'flow', path: '/', ready: 'flow-picture' },
  { name: 'views', path: '/views', ready: 'views-list' },
  { name: 'view', path: `/views/${view}`, ready: 'data-table' },
  { name: 'definition', path: `/views/${view}?tab=definition`, ready: 'plan' },
  { name: 'sql', path: `/sql?q=${encodeURIComponent(`SELECT *\nFROM ${view}\nLIMIT 100`)}`, ready: 'data-table' },
  { name: 'sql-error', path: `/sql?q=${encodeURIComponent('SELECT carrier,\n       flights\nFORM gold.delay_by_carrier')}`, ready: 'problem' },
  { name: 'builds', path: '/builds', ready: 'start-build' },
  { name: 'quarantine', path: '/quarantine', ready: 'page-title' },
] as const;

/** Opens a place and waits until what it shows stands still. */
export async function open(page: Page, place: { path: string; ready: string }): Promise<void> {
  await page.goto(place.path);
  await expect(page.getByTestId(place.ready).first()).toBeVisible();
  await expect(page.getByTestId('link-state')).toHaveAttribute('data-state', /live|polling/);
  await expect(page.getByTestId('state-loading')).toHaveCount(0);
  const chart = page.getByTestId('chart');
  if (await chart.count() > 0) await expect(chart).toHaveAttribute('data-ready', 'true');
}

export const digits = (text: string | null): number => Number((text ?? '').replace(/\D/g, ''));

/** One flight, as the example's stream describes it. */
export const flight = {
  year: 2013, month: 12, day: 31, dep_time: 1830, sched_dep_time: 1825, dep_delay: 5, arr_time: 2101, sched_arr_time: 2110, arr_delay: -9,
  carrier: 'UA', flight: 1545, tailnum: 'N14228', origin: 'EWR', dest: 'IAH', air_time: 227, distance: 1400, time_hour: '2013-12-31T23:00:00Z',
};
