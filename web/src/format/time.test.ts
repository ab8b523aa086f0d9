import { expect, it } from 'vitest';
import { ago, bothZones, parseTime, utcShort } from './time';

it('shows the zone', () => {
  const date = parseTime('2026-11-23T09:35:00Z') as Date;
  expect(utcShort(date, new Date('2026-12-01T00:00:00Z'))).toBe('23 Nov 09:35:00 UTC');
  expect(utcShort(date, new Date('2027-01-01T00:00:00Z'))).toBe('23 Nov 2026 09:35:00 UTC');
  expect(bothZones(date)).toMatch(/^Local .*UTC[+−]\d\d:\d\d.*\nUTC {4}2026-11-23 09:35:00\.000 UTC$/);
  expect(ago(date, date.getTime() + 61_000)).toBe('1 min 1 s ago');
});

it('takes no time for what is none', () => {
  expect(parseTime('soon')).toBeNull();
  expect(parseTime(null)).toBeNull();
});
