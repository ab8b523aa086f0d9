import type { Column, Row } from '../../api/types';
import { cellText } from '../../format/value';

const characterPx = 7.6;
const paddingPx = 28;
const looked = 200;

/** A width for each column, from its header and a look at some rows. Only the first answer counts: later ones must not move anything. */
export function columnWidths(columns: Column[], rows: Row[]): number[] {
  const step = Math.max(1, Math.floor(rows.length / looked));
  return columns.map((column, at) => {
    // Room for the arrow that shows the order.
    let characters = Math.max(column.name.length + 3, column.type.length * 0.8 + 1, 4);
    for (let i = 0; i < rows.length; i += step) {
      characters = Math.max(characters, cellText(rows[i]?.[at] ?? null, column).length);
    }
    return Math.round(Math.min(340, Math.max(72, characters * characterPx + paddingPx)));
  });
}
