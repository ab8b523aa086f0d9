// Times carry their zone. UTC is what the log and the builds speak; the local time is a hover away.

import { duration } from './number';

const pad = (value: number, width = 2) => String(value).padStart(width, '0');
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function parseTime(iso: string | null | undefined): Date | null {
  if (!iso) return null;
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** 23 Nov 09:35:00 UTC, with the year when it is not this one. */
export function utcShort(date: Date, now: Date = new Date()): string {
  const year = date.getUTCFullYear() === now.getUTCFullYear() ? '' : ` ${date.getUTCFullYear()}`;
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]}${year} ${utcClock(date)} UTC`;
}

export function utcClock(date: Date): string {
  return `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}`;
}

export function utcFull(date: Date): string {
  const day = `${date.getUTCFullYear()}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`;
  return `${day} ${utcClock(date)}.${pad(date.getUTCMilliseconds(), 3)} UTC`;
}

export function localFull(date: Date): string {
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return `${day} ${clock}.${pad(date.getMilliseconds(), 3)} ${zoneOffset(date)} (${zone})`;
}

function zoneOffset(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '−' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
}

export function bothZones(date: Date): string {
  return `Local  ${localFull(date)}\nUTC    ${utcFull(date)}`;
}

export function ago(date: Date, nowMs: number): string {
  const seconds = (nowMs - date.getTime()) / 1000;
  return seconds < 1 ? 'just now' : `${duration(seconds)} ago`;
}
