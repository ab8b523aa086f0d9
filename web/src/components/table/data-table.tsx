import { type KeyboardEvent, useDeferredValue, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { Column, Row } from '../../api/types';
import { count, counted } from '../../format/number';
import { toTsv } from '../../format/csv';
import { isNumeric, kindOf, plainText } from '../../format/value';
import { copyText } from '../../state/download';
import { CopyButton } from '../copy-button';
import { Icon } from '../icon';
import { Cell } from './cell';
import { Changes } from './changes';
import { ExportButtons } from './export-buttons';
import { filterRows } from './filter';
import { nextSort, type Sort, sortRows } from './sort';
import { ValueDialog } from './value-dialog';
import { columnWidths } from './widths';

const rowPx = 32;
const headPx = 48;
const beyond = 8;
const fadeMs = 1000;

interface Props {
  columns: Column[];
  rows: Row[];
  /** Names the exported files. */
  name: string;
  sort: Sort | null;
  onSort: (sort: Sort | null) => void;
  find: string;
  onFind: (find: string) => void;
  label: string;
  /** The height that the rows may take at most, in px. */
  maxHeight?: number;
}

/**
 * Rows of a query answer. Only what is in sight is in the document, so 100,000 rows scroll like ten;
 * arrows move, Enter opens a whole value, Ctrl+C copies it.
 */
export function DataTable({ columns, rows, name, sort, onSort, find, onFind, label, maxHeight = 600 }: Props) {
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const [scroll, setScroll] = useState(0);
  const [height, setHeight] = useState(400);
  const [active, setActive] = useState<{ row: number; column: number } | null>(null);
  const [opened, setOpened] = useState<{ row: number; column: number } | null>(null);
  const [said, setSaid] = useState('');

  const deferredFind = useDeferredValue(find);
  const kept = useMemo(() => filterRows(rows, columns, deferredFind), [rows, columns, deferredFind]);
  const order = useMemo(() => sortRows(kept, rows, columns, sort), [kept, rows, columns, sort]);

  // Widths are settled by the first rows, and again only when the columns are others.
  const shape = columns.map((column) => `${column.name} ${column.type}`).join('|') + (rows.length === 0 ? '0' : '');
  const widths = useMemo(() => columnWidths(columns, rows), [shape]);
  const template = widths.map((width) => `minmax(${width}px, ${width}fr)`).join(' ');
  const minWidth = widths.reduce((sum, width) => sum + width, 0);

  const changes = useRef(new Changes());
  changes.current.take(columns, rows);
  const fading = performance.now() - changes.current.at < fadeMs;

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // Another order or filter is read from its top.
  useEffect(() => {
    box.current?.scrollTo({ top: 0 });
    setActive(null);
  }, [sort?.column, sort?.descending, deferredFind]);

  const first = Math.max(0, Math.floor(scroll / rowPx) - beyond);
  const last = Math.min(order.length, Math.ceil((scroll + height) / rowPx) + beyond);
  const cellId = (row: number, column: number) => `${id}-${row}-${column}`;

  const move = (row: number, column: number) => {
    const next = {
      row: Math.max(0, Math.min(order.length - 1, row)),
      column: Math.max(0, Math.min(columns.length - 1, column)),
    };
    setActive(next);
    const element = box.current;
    if (element === null) return;
    const top = next.row * rowPx;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowPx + headPx > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + rowPx + headPx - element.clientHeight;
    }
    const left = widths.slice(0, next.column).reduce((sum, width) => sum + width, 0);
    const width = widths[next.column] ?? 0;
    if (left < element.scrollLeft) element.scrollLeft = left;
    else if (left + width > element.scrollLeft + element.clientWidth) element.scrollLeft = left + width - element.clientWidth;
  };

  const valueAt = (place: { row: number; column: number }) => rows[order[place.row] ?? -1]?.[place.column] ?? null;

  const onKey = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLButtonElement) return;
    const { row, column } = active ?? { row: -1, column: 0 };
    const page = Math.max(1, Math.floor((height - headPx) / rowPx) - 1);
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'c') {
      if (active === null || window.getSelection()?.toString()) return;
      void copyText(plainText(valueAt(active))).then((done) => setSaid(done ? 'Value copied' : 'Not copied'));
      event.preventDefault();
      return;
    }
    switch (event.key) {
      case 'ArrowDown': move(row + 1, column); break;
      case 'ArrowUp': move(row - 1, column); break;
      case 'ArrowRight': move(Math.max(0, row), column + 1); break;
      case 'ArrowLeft': move(Math.max(0, row), column - 1); break;
      case 'PageDown': move(row + page, column); break;
      case 'PageUp': move(row - page, column); break;
      case 'Home': move(event.ctrlKey ? 0 : Math.max(0, row), 0); break;
      case 'End': move(event.ctrlKey ? order.length - 1 : Math.max(0, row), columns.length - 1); break;
      case 'Enter': if (active !== null) setOpened(active); break;
      case 'Escape': if (active !== null) setActive(null); break;
      default: return;
    }
    event.preventDefault();
  };

  const chosen = () => order.map((i) => rows[i] ?? []);
  const openedColumn = opened === null ? undefined : columns[opened.column];

  return (
    <section className="table" aria-label={label} data-testid="data-table">
      <div className="toolbar">
        <label className="find">
          <Icon name="search" />
          <span className="visually-hidden">Filter rows</span>
          <input
            type="search"
            value={find}
            placeholder="Filter: text, column:text, column>1"
            onChange={(event) => onFind(event.target.value)}
            spellCheck={false}
            data-testid="table-filter"
          />
        </label>
        <span className="toolbar-count" data-testid="row-count" aria-live="polite">
          {order.length === rows.length ? counted(rows.length, 'row') : `${count(order.length)} of ${counted(rows.length, 'row')}`}
        </span>
        <span className="toolbar-end">
          <CopyButton text={() => toTsv(columns, chosen())} label="Copy" quiet />
          <ExportButtons name={name} columns={columns} rows={chosen} />
        </span>
      </div>
      <div
        ref={box}
        className="grid"
        role="grid"
        tabIndex={0}
        aria-label={label}
        aria-rowcount={order.length + 1}
        aria-colcount={columns.length}
        aria-activedescendant={active ? cellId(active.row, active.column) : undefined}
        style={{ maxHeight, height: headPx + 19 + Math.max(2, order.length) * rowPx }}
        onScroll={(event) => setScroll(event.currentTarget.scrollTop)}
        onKeyDown={onKey}
        data-testid="grid"
      >
        <div role="rowgroup" className="grid-head" style={{ minWidth }}>
          <div role="row" aria-rowindex={1} className="grid-row" style={{ gridTemplateColumns: template }}>
            {columns.map((column, i) => {
              const sorted = sort?.column === column.name ? (sort.descending ? 'descending' : 'ascending') : 'none';
              const number = isNumeric(kindOf(column.type));
              return (
                <div key={column.name} role="columnheader" aria-colindex={i + 1} aria-sort={sorted} className={number ? 'head head-number' : 'head'}>
                  <button
                    type="button"
                    onClick={() => onSort(nextSort(sort, column))}
                    title={`${column.name} · ${column.type}\nPress to sort`}
                    data-testid={`sort-${column.name}`}
                  >
                    <span className="head-name">
                      <span>{column.name}</span>
                      {sorted !== 'none' && <Icon name={sorted === 'descending' ? 'down' : 'up'} />}
                    </span>
                    <span className="head-type">{column.type}</span>
                  </button>
                </div>
              );
            })}
          </div>
        </div>
        <div role="rowgroup" style={{ height: order.length * rowPx, minWidth, position: 'relative' }}>
          {order.slice(first, last).map((rowNumber, i) => {
            const place = first + i;
            const row = rows[rowNumber] ?? [];
            return (
              <div
                key={place}
                role="row"
                aria-rowindex={place + 2}
                className="grid-row grid-body-row"
                style={{ gridTemplateColumns: template, top: place * rowPx }}
              >
                {columns.map((column, at) => (
                  <Cell
                    key={at}
                    id={cellId(place, at)}
                    value={row[at] ?? null}
                    column={column}
                    index={at}
                    active={active?.row === place && active.column === at}
                    changed={fading && changes.current.changed(row, rowNumber, at)}
                    onSelect={() => setActive({ row: place, column: at })}
                    onOpen={() => setOpened({ row: place, column: at })}
                  />
                ))}
              </div>
            );
          })}
        </div>
      </div>
      {order.length === 0 && (
        <p className="table-none" role="status">
          {rows.length === 0 ? 'No rows.' : <>No row fits “{find}”. <button type="button" className="button" onClick={() => onFind('')}>Clear the filter</button></>}
        </p>
      )}
      <p className="table-hint">
        Press a header to sort; Enter or a double click opens a whole value.
      </p>
      <span className="visually-hidden" aria-live="polite">{said}</span>
      {opened !== null && openedColumn !== undefined && (
        <ValueDialog value={valueAt(opened)} column={openedColumn} onClose={() => setOpened(null)} />
      )}
    </section>
  );
}
