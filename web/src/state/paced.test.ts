import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Paced } from './paced';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('delivers at most one value per interval, and the newest in the end', () => {
  const seen: number[] = [];
  const paced = new Paced<number>(250, (value) => seen.push(value), () => Date.now());
  for (let i = 0; i < 100; i += 1) {
    paced.push(i);
    vi.advanceTimersByTime(10);
  }
  expect(seen.length).toBeLessThanOrEqual(5);
  vi.advanceTimersByTime(250);
  expect(seen.at(-1)).toBe(99);
});
