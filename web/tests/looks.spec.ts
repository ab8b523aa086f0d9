// Every place, in three widths and both themes: no serious finding of axe, nothing wider than the screen, and a picture to look at.

import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { expect, open, places, test } from './page';

const shots = process.env.ANABRANCH_SHOTS ?? join(tmpdir(), 'anabranch-shots');
mkdirSync(shots, { recursive: true });

for (const width of [390, 1024, 1600]) {
  for (const theme of ['light', 'dark'] as const) {
    for (const place of places) {
      test(`${place.name} at ${width} px, ${theme}`, async ({ page, quiet }) => {
        if (place.name === 'sql-error') quiet.allow(/400/);
        await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
        await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
        await open(page, place);
        await page.screenshot({ path: join(shots, `${place.name}-${width}-${theme}.png`), fullPage: true });
        const { violations } = await new AxeBuilder({ page }).analyze();
        const serious = violations.filter((each) => each.impact === 'serious' || each.impact === 'critical');
        expect(serious.map((each) => `${each.id}: ${each.nodes.map((node) => node.target.join(' ')).join(', ')}`)).toEqual([]);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(overflow, 'wider than the screen').toBeLessThanOrEqual(0);
      });
    }
  }
}
