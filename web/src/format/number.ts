// Numbers for people: thousands separators, a unit, and as few digits as carry meaning.
// One fixed locale, so that every reader of a screenshot sees the same figures.

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const some = new Intl.NumberFormat('en-US', { maximumFractionDigits: 4 });
const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

/** What stands where a value is not known. */
export const unknown = '–';

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? unknown : whole.format(value);
}

export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** Digits of a text grouped by three: for integers that a JavaScript number cannot hold. */
export function groupDigits(digits: string): string {
  const [, sign = '', integer = '', rest = ''] = /^(-?)(\d+)(.*)$/.exec(digits) ?? [];
  if (integer === '') return digits;
  return sign + integer.replace(/\B(?=(\d{3})+$)/g, ',') + rest;
}

export function rate(perSecond: number): string {
  return perSecond > 0 && perSecond < 10 ? one.format(perSecond) : whole.format(perSecond);
}

export function decimal(value: number): string {
  if (value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e15)) return value.toExponential(4);
  return some.format(value);
}

export function compact(value: number): string {
  return Math.abs(value) < 10_000 ? some.format(value) : short.format(value);
}

/** A stretch of time given in milliseconds. */
export function milliseconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return unknown;
  if (value < 10) return `${one.format(value)} ms`;
  if (value < 1000) return `${whole.format(value)} ms`;
  if (value < 60_000) return `${one.format(value / 1000)} s`;
  return duration(value / 1000);
}

/** A stretch of time given in seconds, in at most two units. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return unknown;
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return pair(Math.floor(s / 60), 'min', s % 60, 's');
  if (s < 86_400) return pair(Math.floor(s / 3600), 'h', Math.floor((s % 3600) / 60), 'min');
  return pair(Math.floor(s / 86_400), 'd', Math.floor((s % 86_400) / 3600), 'h');
}

function pair(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return unknown;
  let amount = value;
  let unit = 0;
  while (amount >= 999.5 && unit < byteUnits.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  return `${amount < 10 && unit > 0 ? one.format(amount) : whole.format(amount)} ${byteUnits[unit]}`;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 10 ? one.format(value) : whole.format(value)} %`;
}
