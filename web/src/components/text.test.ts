import { describe, expect, it } from 'vitest';
import { match } from './match';
import { markLength, tokenLines, tokens } from './sql-tokens';

describe('search', () => {
  it('finds letters in order, and whole words first', () => {
    const fit = (text: string) => match('delay', text) ?? Infinity;
    expect(fit('gold.delay_by_carrier')).toBeLessThan(fit('gold.undelayed'));
    expect(fit('gold.undelayed')).toBeLessThan(fit('gold.daily_early_pay'));
    expect(match('xyz', 'gold.delay')).toBeNull();
    expect(match('', 'anything')).toBe(0);
  });
});

describe('SQL', () => {
  it('is coloured without losing a character', () => {
    const sql = "SELECT count(*), 'it''s' -- why\nFROM \"a b\" WHERE x > 1.5e3 /* open";
    expect(tokens(sql).map((token) => token.text).join('')).toBe(sql);
    expect(tokens('SELECT count(*)').map((token) => token.kind)).toEqual(['keyword', 'space', 'function', 'symbol', 'symbol', 'symbol']);
    expect(tokenLines("'a\nb'")).toHaveLength(2);
    expect(tokens('')).toEqual([]);
  });
  it('is marked over the whole word', () => {
    expect(markLength('FORM gold.x', 1)).toBe(4);
    expect(markLength('FROM gold.x', 6)).toBe(6);
    expect(markLength('FROM', 5)).toBe(1);
  });
});
