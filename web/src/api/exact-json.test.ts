import { expect, it } from 'vitest';
import { losesDigits, parseExact } from './exact-json';

it('reads ordinary documents as they are', () => {
  expect(parseExact('{"a":[1,2.5,"x"],"mean":12.603444793400001}')).toEqual({ a: [1, 2.5, 'x'], mean: 12.603444793400001 });
});

it('knows which numbers lose digits', () => {
  expect(losesDigits(Number('9007199254740993'), '9007199254740993')).toBe(true);
  expect(losesDigits(42, '42')).toBe(false);
  expect(losesDigits(12.603444793400001, '12.603444793400001')).toBe(false);
  expect(losesDigits(Number('123456789012345678.25'), '123456789012345678.25')).toBe(true);
  expect(losesDigits(0.0001, '0.0001')).toBe(false);
});
