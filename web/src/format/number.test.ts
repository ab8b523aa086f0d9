import { describe, expect, it } from 'vitest';
import { bytes, count, counted, decimal, duration, groupDigits, milliseconds, rate } from './number';

describe('numbers', () => {
  it('group their digits and carry a unit', () => {
    expect(count(336776)).toBe('336,776');
    expect(count(null)).toBe('–');
    expect(counted(1, 'row')).toBe('1 row');
    expect(counted(1234, 'entry', 'entries')).toBe('1,234 entries');
    expect(rate(0)).toBe('0');
    expect(rate(3.14)).toBe('3.1');
    expect(rate(20150.5)).toBe('20,151');
    expect(bytes(0)).toBe('0 B');
    expect(bytes(6123456)).toBe('6.1 MB');
    expect(bytes(999_999)).toBe('1.0 MB');
  });
  it('keep integers that no double can hold', () => {
    expect(groupDigits('170141183460469231731687303715884105727')).toBe('170,141,183,460,469,231,731,687,303,715,884,105,727');
    expect(groupDigits('-1234.50')).toBe('-1,234.50');
    expect(groupDigits('NaN')).toBe('NaN');
  });
  it('say times in at most two units', () => {
    expect(milliseconds(4.24)).toBe('4.2 ms');
    expect(milliseconds(999)).toBe('999 ms');
    expect(milliseconds(2100)).toBe('2.1 s');
    expect(milliseconds(125_000)).toBe('2 min 5 s');
    expect(duration(59.9)).toBe('59 s');
    expect(duration(7500)).toBe('2 h 5 min');
    expect(duration(172_800)).toBe('2 d');
  });
  it('show very small doubles as such', () => {
    expect(decimal(12.603444793)).toBe('12.6034');
    expect(decimal(0.00000012)).toBe('1.2000e-7');
    expect(decimal(0)).toBe('0');
  });
});
