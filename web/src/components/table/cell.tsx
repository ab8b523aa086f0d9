import type { Column, Value } from '../../api/types';
import { cellHint, cellText, isNumeric, kindOf } from '../../format/value';

interface Props {
  id: string;
  value: Value;
  column: Column;
  index: number;
  active: boolean;
  changed: boolean;
  onSelect: () => void;
  onOpen: () => void;
}

export function Cell({ id, value, column, index, active, changed, onSelect, onOpen }: Props) {
  const kind = kindOf(column.type);
  const missing = value === null || value === undefined;
  const text = cellText(value, column);
  // A cell shows one line; the rest opens on demand.
  const shown = text.length > 300 ? `${text.slice(0, 300)}…` : text;
  const names = ['cell'];
  if (missing) names.push('cell-null');
  if (isNumeric(kind)) names.push('cell-number');
  if (kind === 'nested' || kind === 'blob') names.push('cell-mono');
  if (active) names.push('cell-active');
  if (changed) names.push('cell-changed');
  return (
    <div
      id={id}
      role="gridcell"
      aria-colindex={index + 1}
      aria-selected={active}
      className={names.join(' ')}
      title={missing ? undefined : cellHint(value, column, text)}
      onMouseDown={onSelect}
      onDoubleClick={onOpen}
    >
      {shown.includes('\n') ? shown.replaceAll('\n', ' ⏎ ') : shown}
    </div>
  );
}
