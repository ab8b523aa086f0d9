import type { Column, Row, Value } from '../../api/types';
import { isNumeric, kindOf, plainText } from '../../format/value';

export interface Sort {
  column: string;
  descending: boolean;
}

/** `flights` ascending, `-flights` descending: short enough for an address. */
export function readSort(text: string | null): Sort | null {
  if (!text) return null;
  return text.startsWith('-') ? { column: text.slice(1), descending: true } : { column: text, descending: false };
}

export function writeSort(sort: Sort | null): string | null {
  return sort === null ? null : (sort.descending ? '-' : '') + sort.column;
}

/** Numbers fall first (the largest are looked for), text rises first; a third press gives the view's own order. */
export function nextSort(now: Sort | null, column: Column): Sort | null {
  const first = isNumeric(kindOf(column.type));
  if (now?.column !== column.name) return { column: column.name, descending: first };
  return now.descending === first ? { column: column.name, descending: !first } : null;
}

/** The order of the given row numbers; equal rows keep their places, NULLs come last either way. */
export function sortRows(order: number[], rows: Row[], columns: Column[], sort: Sort | null): number[] {
  const at = sort === null ? -1 : columns.findIndex((column) => column.name === sort.column);
  const column = columns[at];
  if (sort === null || column === undefined) return order;
  const sign = sort.descending ? -1 : 1;
  const numeric = isNumeric(kindOf(column.type));
  const keys = new Map<number, number | bigint | string | null>();
  for (const row of order) keys.set(row, sortKey(rows[row]?.[at] ?? null, numeric));
  return [...order].sort((a, b) => {
    const x = keys.get(a) ?? null;
    const y = keys.get(b) ?? null;
    if (x === null || y === null) return x === y ? a - b : x === null ? 1 : -1;
    return x < y ? -sign : x > y ? sign : a - b;
  });
}

function sortKey(value: Value, numeric: boolean): number | bigint | string | null {
  if (value === null || value === undefined) return null;
  if (!numeric) return typeof value === 'string' ? value : plainText(value);
  if (typeof value === 'number') return value;
  const text = plainText(value);
  if (/^-?\d{16,}$/.test(text)) return BigInt(text);
  // NaN comes after every number, as in the engine.
  const number = Number(text);
  return Number.isNaN(number) ? Infinity : number;
}
