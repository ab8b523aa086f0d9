// A value of a query answer, by the type of its column: for the eye, and for copying.

import type { Column, Value } from '../api/types';
import { decimal, groupDigits } from './number';
import { bothZones, parseTime } from './time';

export type Kind = 'integer' | 'decimal' | 'double' | 'boolean' | 'date' | 'time' | 'text' | 'nested' | 'blob';

const integers = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|INT\d*|U?INT(8|16|32|64|128))$/;

export function kindOf(type: string): Kind {
  const upper = type.toUpperCase();
  if (upper.endsWith(']') || /^(STRUCT|MAP|UNION|JSON|LIST)/.test(upper)) return 'nested';
  if (integers.test(upper)) return 'integer';
  if (/^(DECIMAL|NUMERIC)/.test(upper)) return 'decimal';
  if (/^(DOUBLE|FLOAT|REAL)/.test(upper)) return 'double';
  if (upper.startsWith('BOOL')) return 'boolean';
  if (/^(DATE|TIMESTAMP|DATETIME)/.test(upper)) return 'date';
  if (/^(TIME|INTERVAL)/.test(upper)) return 'time';
  if (/^(BLOB|BYTEA)/.test(upper)) return 'blob';
  return 'text';
}

export function isNumeric(kind: Kind): boolean {
  return kind === 'integer' || kind === 'decimal' || kind === 'double';
}

/** Numbers that name something (a year, an id) are read digit by digit: no separators, and no bars of them. */
const naming = /(^|_)(year|month|day|hour|minute|week|quarter|id|key|code|number|no|nr|zip|postcode|flight|offset|partition|lat|lon)$/i;

export function isNaming(column: Column): boolean {
  return naming.test(column.name);
}

export function isInstant(column: Column): boolean {
  return /^TIMESTAMP( WITH TIME ZONE|TZ)$/i.test(column.type);
}

/** What stands in a cell. */
export function cellText(value: Value, column: Column): string {
  if (value === null || value === undefined) return 'NULL';
  const kind = kindOf(column.type);
  if (typeof value === 'number' || (typeof value === 'string' && isNumeric(kind) && value !== '')) {
    return numberText(value, column, kind);
  }
  if (typeof value === 'string') {
    return kind === 'date' ? value.replace('T', ' ') : value;
  }
  return plainText(value);
}

function numberText(value: number | string, column: Column, kind: Kind): string {
  if (kind === 'integer') return isNaming(column) ? String(value) : groupDigits(String(value));
  if (kind === 'decimal') return groupDigits(withScale(String(value), column.type));
  const asNumber = Number(value);
  return Number.isFinite(asNumber) ? decimal(asNumber) : String(value);
}

/** DECIMAL(10,2) shows 3.1 as 3.10: the scale is part of the value. */
function withScale(digits: string, type: string): string {
  const scale = Number(/,\s*(\d+)\s*\)/.exec(type)?.[1] ?? 0);
  if (scale === 0 || !/^-?\d+(\.\d+)?$/.test(digits)) return digits;
  const [integer = '', fraction = ''] = digits.split('.');
  return `${integer}.${fraction.padEnd(scale, '0')}`;
}

/** The value with nothing lost: for the clipboard, CSV and the value dialog. */
export function plainText(value: Value): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

/** What hovering over a cell adds, if anything. */
export function cellHint(value: Value, column: Column, shown: string): string | undefined {
  if (typeof value === 'string' && isInstant(column)) {
    const date = parseTime(value);
    if (date !== null) return bothZones(date);
  }
  const plain = plainText(value);
  return plain !== shown && plain !== '' && plain.length < 400 ? plain : undefined;
}
