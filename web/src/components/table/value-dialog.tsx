import type { Column, Value } from '../../api/types';
import { bothZones, parseTime } from '../../format/time';
import { isInstant, plainText } from '../../format/value';
import { CopyButton } from '../copy-button';
import { Dialog } from '../dialog';

/** A whole value, however long, with JSON laid out. */
export function ValueDialog({ value, column, onClose }: { value: Value; column: Column; onClose: () => void }) {
  const date = typeof value === 'string' && isInstant(column) ? parseTime(value) : null;
  const text = value === null ? 'NULL' : laidOut(value);
  return (
    <Dialog title={column.name} onClose={onClose} testId="value-dialog">
      <p className="value-type"><code>{column.type}</code></p>
      <pre className="value-text" role="group" tabIndex={0} aria-label="Value">{date === null ? text : `${text}\n\n${bothZones(date)}`}</pre>
      <div className="row"><CopyButton text={plainText(value)} label="Copy the value" /></div>
    </Dialog>
  );
}

function laidOut(value: Value): string {
  if (typeof value === 'object') return JSON.stringify(value, null, 2);
  const text = plainText(value);
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
