import { describe, expect, it } from 'vitest';
import type { Row } from '../../api/types';
import { Changes } from './changes';
import { filterRows } from './filter';
import { nextSort, readSort, sortRows, writeSort } from './sort';

const columns = [{ name: 'carrier', type: 'VARCHAR' }, { name: 'flights', type: 'BIGINT' }, { name: 'mean', type: 'DOUBLE' }];
const rows: Row[] = [['UA', 10, 1.5], ['B6', '9007199254740993', null], ['AA', 9, 3], ['DL', null, 2]];
const all = [0, 1, 2, 3];

describe('sort', () => {
  it('orders numbers as numbers, whatever their size, with NULL last', () => {
    expect(sortRows(all, rows, columns, readSort('flights'))).toEqual([2, 0, 1, 3]);
    expect(sortRows(all, rows, columns, readSort('-flights'))).toEqual([1, 0, 2, 3]);
    expect(sortRows(all, rows, columns, readSort('carrier'))).toEqual([2, 1, 3, 0]);
  });
  it('keeps the order of the view without a sort, or of a column that is gone', () => {
    expect(sortRows(all, rows, columns, null)).toBe(all);
    expect(sortRows(all, rows, columns, readSort('gone'))).toBe(all);
  });
  it('goes from the largest to the smallest to the own order', () => {
    const flights = columns[1] as { name: string; type: string };
    const first = nextSort(null, flights);
    expect(writeSort(first)).toBe('-flights');
    const second = nextSort(first, flights);
    expect(writeSort(second)).toBe('flights');
    expect(nextSort(second, flights)).toBeNull();
  });
});

describe('filter', () => {
  const found = (text: string) => filterRows(rows, columns, text);
  it('finds words anywhere and conditions on one column', () => {
    expect(found('')).toEqual(all);
    expect(found('ua')).toEqual([0]);
    expect(found('carrier:a')).toEqual([0, 2]);
    expect(found('flights>9')).toEqual([0, 1]);
    expect(found('mean<=2 carrier!=dl')).toEqual([0]);
    expect(found('flights=null')).toEqual([3]);
  });
  it('hides nothing while a condition is typed', () => {
    expect(found('flights>')).toEqual(all);
  });
});

describe('changes', () => {
  it('knows rows by their names, not by their places', () => {
    const changes = new Changes(() => 0);
    changes.take(columns, rows);
    const next: Row[] = [['B6', '9007199254740993', null], ['UA', 11, 1.5]];
    changes.take(columns, next);
    expect(changes.changed(next[0] as Row, 0, 1)).toBe(false);
    expect(changes.changed(next[1] as Row, 1, 1)).toBe(true);
    expect(changes.changed(next[1] as Row, 1, 2)).toBe(false);
  });
});
