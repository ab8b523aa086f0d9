// Which chart an answer gets, decided from its columns and rows alone.

import type { Column, Row, Value } from '../../api/types';
import { isNaming, isNumeric, kindOf, plainText } from '../../format/value';

export const maxSeries = 7;
export const maxBars = 20;

export interface Series {
  name: string;
  /** One value per category; null where there is none. */
  values: (number | null)[];
}

/** Series that share an axis because their sizes do. */
export interface Panel {
  title: string;
  series: Series[];
}

export interface Chart {
  kind: 'bar' | 'line';
  /** The column along the axis. */
  category: string;
  time: boolean;
  categories: string[];
  panels: Panel[];
  /** What was left out, if anything. */
  note: string | null;
}

export interface Choice {
  /** Numeric columns that can be drawn. */
  measures: string[];
  /** Those that are drawn when nobody chose. */
  preset: string[];
}

/** How many measures fit side by side as bars, or one above the other as lines. */
export function choices(columns: Column[], widthPx: number): Choice {
  const category = categoryOf(columns);
  const measures = columns
    .filter((column) => isNumeric(kindOf(column.type)) && !isNaming(column) && column !== category)
    .map((column) => column.name);
  const fit = widthPx >= 980 ? 3 : widthPx >= 620 ? 2 : 1;
  return { measures, preset: measures.slice(0, fit) };
}

/** First a date or time, else the first text, else a number that names something (a month, an hour). */
export function categoryOf(columns: Column[]): Column | undefined {
  return (
    columns.find((column) => kindOf(column.type) === 'date') ??
    columns.find((column) => ['text', 'boolean'].includes(kindOf(column.type))) ??
    columns.find((column) => kindOf(column.type) === 'integer' && isNaming(column)) ??
    columns.find((column, i) => i === 0 && kindOf(column.type) === 'integer' && columns.length > 1)
  );
}

export function chooseChart(columns: Column[], rows: Row[], wanted: string[]): Chart | null {
  const category = categoryOf(columns);
  const measures = columns.filter((column) => wanted.includes(column.name)).slice(0, maxSeries);
  if (category === undefined || measures.length === 0 || rows.length === 0) return null;
  const kind = kindOf(category.type);
  const time = kind === 'date';
  const at = columns.indexOf(category);
  if (!distinct(rows, [at])) {
    // One row a date and group, e.g. flights by day and origin: a line, or a bar, for each group.
    const split = columns.find((column) => column !== category && (kindOf(column.type) === 'text' || isNaming(column)));
    // Rows that not even two columns tell apart are single events: a picture of them would say nothing.
    if (split === undefined || !distinct(rows, [at, columns.indexOf(split)])) return null;
    return time
      ? splitLines(columns, rows, category, split, measures[0] as Column)
      : bars(columns, rows, category, measures, split);
  }
  return time || (kind === 'integer' && rows.length > maxBars)
    ? lines(columns, rows, category, measures, time)
    : bars(columns, rows, category, measures);
}

function distinct(rows: Row[], at: number[]): boolean {
  const seen = new Set<string>();
  return rows.every((row) => {
    const key = at.map((i) => plainText(row[i] ?? null)).join('\u0000');
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function bars(columns: Column[], rows: Row[], category: Column, measures: Column[], split?: Column): Chart {
  const shown = rows.slice(0, maxBars);
  const texts = columns.filter((column) => kindOf(column.type) === 'text');
  const at = columns.indexOf(category);
  // A code beside its name: the name is the better label, when both are there and neither is long.
  const named = texts.find((column) => /name$/i.test(column.name) && column !== category);
  const label = (row: Row) => {
    const code = text(row[at]);
    if (split !== undefined) return `${code} · ${text(row[columns.indexOf(split)])}`;
    const name = named ? text(row[columns.indexOf(named)]) : '';
    return name && code.length <= 4 ? `${name} (${code})` : code;
  };
  return {
    kind: 'bar',
    category: category.name,
    time: false,
    categories: unique(shown.map(label)),
    panels: measures.map((measure) => ({
      title: measure.name,
      series: [{ name: measure.name, values: shown.map((row) => toNumber(row[columns.indexOf(measure)])) }],
    })),
    note: rows.length > maxBars ? `The first ${maxBars} of ${rows.length.toLocaleString('en-US')} rows are drawn.` : null,
  };
}

function lines(columns: Column[], rows: Row[], category: Column, measures: Column[], time: boolean): Chart {
  const at = columns.indexOf(category);
  const sorted = [...rows].filter((row) => row[at] !== null).sort((a, b) => order(a[at], b[at]));
  const series = measures.map((measure) => ({
    name: measure.name,
    values: sorted.map((row) => toNumber(row[columns.indexOf(measure)])),
  }));
  return {
    kind: 'line',
    category: category.name,
    time,
    categories: sorted.map((row) => text(row[at])),
    panels: sharedAxes(series),
    note: null,
  };
}

/** One line for each of the largest groups of a second column. */
function splitLines(columns: Column[], rows: Row[], category: Column, split: Column, measure: Column): Chart {
  const [x, by, y] = [columns.indexOf(category), columns.indexOf(split), columns.indexOf(measure)];
  const totals = new Map<string, number>();
  for (const row of rows) totals.set(text(row[by]), (totals.get(text(row[by])) ?? 0) + Math.abs(toNumber(row[y]) ?? 0));
  const groups = [...totals].sort((a, b) => b[1] - a[1]).slice(0, maxSeries).map(([group]) => group);
  const categories = [...new Set(rows.filter((row) => row[x] !== null).map((row) => text(row[x])))].sort();
  const place = new Map(categories.map((name, i) => [name, i]));
  const series = groups.map((name) => ({ name, values: categories.map((): number | null => null) }));
  const byName = new Map(series.map((each) => [each.name, each]));
  for (const row of rows) {
    const values = byName.get(text(row[by]))?.values;
    const i = place.get(text(row[x]));
    if (values !== undefined && i !== undefined) values[i] = toNumber(row[y]);
  }
  return {
    kind: 'line',
    category: category.name,
    time: true,
    categories,
    panels: [{ title: `${measure.name} by ${split.name}`, series }],
    note: totals.size > maxSeries ? `The ${maxSeries} largest of ${totals.size.toLocaleString('en-US')} are drawn.` : null,
  };
}

/** Measures of about the same size share an axis; a count beside a mean would flatten the mean. */
export function sharedAxes(series: Series[]): Panel[] {
  const panels: (Panel & { size: number })[] = [];
  for (const each of series) {
    const size = Math.max(...each.values.map((value) => Math.abs(value ?? 0)), 0);
    const fitting = panels.find((panel) => size <= panel.size * 4 && size >= panel.size / 4);
    if (fitting) {
      fitting.series.push(each);
      fitting.title += `, ${each.name}`;
    } else panels.push({ title: each.name, series: [each], size });
  }
  return panels.map(({ title, series: of }) => ({ title, series: of }));
}

/** Two rows may carry one label; an axis needs each once. */
function unique(labels: string[]): string[] {
  const seen = new Map<string, number>();
  return labels.map((label) => {
    const times = (seen.get(label) ?? 0) + 1;
    seen.set(label, times);
    return times === 1 ? label : `${label} #${times}`;
  });
}

function text(value: Value | undefined): string {
  return value === null || value === undefined ? 'NULL' : plainText(value);
}

export function toNumber(value: Value | undefined): number | null {
  if (value === null || value === undefined || value === '') return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

function order(a: Value | undefined, b: Value | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [x, y] = [text(a), text(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}
