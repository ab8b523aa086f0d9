import { describe, expect, it } from 'vitest';
import { toCsv, toTsv } from './csv';
import { cellText, kindOf } from './value';

const column = (type: string, name = 'x') => ({ name, type });

describe('types', () => {
  it('are told apart by their names', () => {
    expect(kindOf('BIGINT')).toBe('integer');
    expect(kindOf('HUGEINT')).toBe('integer');
    expect(kindOf('INTEGER[]')).toBe('nested');
    expect(kindOf('STRUCT(a INTEGER)')).toBe('nested');
    expect(kindOf('INTERVAL')).toBe('time');
    expect(kindOf('DECIMAL(10,2)')).toBe('decimal');
    expect(kindOf('TIMESTAMP WITH TIME ZONE')).toBe('date');
    expect(kindOf('TIME')).toBe('time');
  });
});

describe('cells', () => {
  it('group digits, except of numbers that name something', () => {
    expect(cellText(58665, column('BIGINT', 'flights'))).toBe('58,665');
    expect(cellText(2013, column('INTEGER', 'year'))).toBe('2013');
    expect(cellText('9007199254740993', column('BIGINT'))).toBe('9,007,199,254,740,993');
  });
  it('keep the scale of a decimal', () => {
    expect(cellText(3.1, column('DECIMAL(10,2)'))).toBe('3.10');
    expect(cellText('1234567.5', column('DECIMAL(18,3)'))).toBe('1,234,567.500');
  });
  it('tell NULL, NaN and text apart', () => {
    expect(cellText(null, column('DOUBLE'))).toBe('NULL');
    expect(cellText('NaN', column('DOUBLE'))).toBe('NaN');
    expect(cellText('', column('VARCHAR'))).toBe('');
    expect(cellText({ a: 1 }, column('STRUCT(a INTEGER)'))).toBe('{"a":1}');
  });
});

describe('files', () => {
  it('follow RFC 4180, with NULL unquoted and empty text quoted', () => {
    const columns = [column('VARCHAR', 'a'), column('VARCHAR', 'b,c')];
    expect(toCsv(columns, [['x"y', null], ['', 'two\nlines']])).toBe('a,"b,c"\r\n"x""y",\r\n"","two\nlines"\r\n');
    expect(toTsv(columns, [['a\tb', 1]])).toBe('a\tb,c\na b\t1');
  });
});
