import type { Column, Row, Value } from '../../api/types';
import { isNaming, isNumeric, kindOf, plainText } from '../../format/value';

/** Which cells changed between two answers of the same view: rows are known by their names, not by their places. */
export class Changes {
  private before = new Map<string, Row>();
  private keyColumns: number[] = [];
  /** When the newest answer came, in ms; a fade is only for what changed just now. */
  at = -Infinity;

  constructor(private readonly now: () => number = () => performance.now()) {}

  private current: Row[] | null = null;
  private currentKeys = new Map<string, Row>();

  take(columns: Column[], rows: Row[]): void {
    if (rows === this.current) return;
    const first = this.current === null;
    this.before = this.currentKeys;
    this.keyColumns = columns.flatMap((column, i) => (!isNumeric(kindOf(column.type)) || isNaming(column) ? [i] : []));
    this.currentKeys = new Map(rows.map((row, i) => [this.key(row, i), row]));
    this.current = rows;
    if (!first) this.at = this.now();
  }

  changed(row: Row, place: number, column: number): boolean {
    const old = this.before.get(this.key(row, place));
    return old === undefined ? this.before.size > 0 : !same(old[column] ?? null, row[column] ?? null);
  }

  private key(row: Row, place: number): string {
    if (this.keyColumns.length === 0) return String(place);
    return this.keyColumns.map((i) => plainText(row[i] ?? null)).join('\u0000');
  }
}

function same(a: Value, b: Value): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && plainText(a) === plainText(b));
}
