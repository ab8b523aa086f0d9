// The filter box: words that must occur somewhere in the row, and conditions on one column.
//   united  carrier:UA  flights>1000  name=United

import type { Column, Row, Value } from '../../api/types';
import { cellText, plainText } from '../../format/value';

type Operator = ':' | '=' | '!=' | '>' | '<' | '>=' | '<=';

interface Term {
  column: number | null;
  operator: Operator;
  text: string;
}

const condition = /^([\w.]+)(:|!=|>=|<=|=|>|<)(.*)$/;

export function readFilter(text: string, columns: Column[]): Term[] {
  const words = text.match(/[^\s"]*"[^"]*"?|\S+/g) ?? [];
  return words.flatMap<Term>((word) => {
    const clean = word.replaceAll('"', '');
    const parts = condition.exec(clean);
    if (parts !== null) {
      const name = (parts[1] ?? '').toLowerCase();
      const column = columns.findIndex((each) => each.name.toLowerCase() === name);
      if (column >= 0) {
        // A condition that is still being typed hides nothing.
        return parts[3] === '' ? [] : [{ column, operator: parts[2] as Operator, text: (parts[3] ?? '').toLowerCase() }];
      }
    }
    return clean === '' ? [] : [{ column: null, operator: ':', text: clean.toLowerCase() }];
  });
}

export function filterRows(rows: Row[], columns: Column[], text: string): number[] {
  const terms = readFilter(text, columns);
  const kept: number[] = [];
  rows.forEach((row, i) => {
    if (terms.every((term) => holds(term, row, columns))) kept.push(i);
  });
  return kept;
}

function holds(term: Term, row: Row, columns: Column[]): boolean {
  if (term.column === null) return row.some((value, i) => contains(value, columns[i], term.text));
  const value = row[term.column] ?? null;
  if (term.operator === ':') return contains(value, columns[term.column], term.text);
  if (value === null) return term.text === 'null' ? term.operator === '=' : term.operator === '!=';
  const difference = compare(value, term.text);
  switch (term.operator) {
    case '=': return difference === 0;
    case '!=': return difference !== 0;
    case '>': return difference > 0;
    case '<': return difference < 0;
    case '>=': return difference >= 0;
    case '<=': return difference <= 0;
  }
}

function contains(value: Value, column: Column | undefined, text: string): boolean {
  if (value === null || value === undefined) return text === 'null';
  if (plainText(value).toLowerCase().includes(text)) return true;
  return column !== undefined && typeof value !== 'object' && cellText(value, column).toLowerCase().includes(text);
}

function compare(value: Value, text: string): number {
  const plain = plainText(value);
  const a = Number(plain);
  const b = Number(text.replaceAll(',', ''));
  if (plain !== '' && !Number.isNaN(a) && !Number.isNaN(b)) return a - b;
  const lower = plain.toLowerCase();
  return lower < text ? -1 : lower > text ? 1 : 0;
}
