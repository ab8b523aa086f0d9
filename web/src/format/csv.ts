import type { Column, Row, Value } from '../api/types';
import { plainText } from './value';

/** RFC 4180, as the server writes it: NULL is an empty unquoted field, an empty text is "". */
export function toCsv(columns: Column[], rows: Row[]): string {
  const lines = [columns.map((column) => quoted(column.name)).join(',')];
  for (const row of rows) lines.push(row.map(field).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

function field(value: Value): string {
  if (value === null || value === undefined) return '';
  const text = plainText(value);
  return text === '' ? '""' : quoted(text);
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Tab-separated, for pasting into a sheet. */
export function toTsv(columns: Column[], rows: Row[]): string {
  const clean = (text: string) => text.replace(/[\t\r\n]+/g, ' ');
  const lines = [columns.map((column) => clean(column.name)).join('\t')];
  for (const row of rows) lines.push(row.map((value) => clean(plainText(value))).join('\t'));
  return lines.join('\n');
}

export function toJson(columns: Column[], rows: Row[]): string {
  const records = rows.map((row) => Object.fromEntries(columns.map((column, i) => [column.name, row[i] ?? null])));
  return JSON.stringify(records, null, 2);
}
